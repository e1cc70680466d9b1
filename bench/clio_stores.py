"""The stores that the connectomics store is measured on, each empty and on this machine."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from karst_platform.stores.documents import Documents
from karst_platform.stores.documents_firestore import FirestoreDocuments
from karst_platform.stores.documents_postgres import PostgresDocuments
from karst_platform.stores.embedded_postgres import EmbeddedPostgres
from karst_platform.stores.firestore import FirestoreSettings
from karst_platform.stores.firestore_emulator import running_emulator
from karst_platform.stores.migrations import migrate
from karst_platform.stores.postgres import Postgres

_PROJECT = "karst-bench"


@dataclass(frozen=True, kw_only=True)
class Store:
    """A store that runs."""

    settings: Mapping[str, str]
    """What tells the server where it is."""
    open: Callable[[], Documents]
    settle: Callable[[], None]
    """Do now what the database does by itself some time after large writes, so that no measurement meets it."""

    def do(self, work: Callable[[Documents], Awaitable[None]]) -> None:
        """Do something to the documents directly."""

        async def run() -> None:
            documents = self.open()
            try:
                await work(documents)
            finally:
                await documents.close()

        asyncio.run(run())


@contextmanager
def embedded(folder: Path) -> Generator[Store]:
    """PostgreSQL as it comes with Karst."""
    server = EmbeddedPostgres(folder / "postgres")
    dsn = server.start()
    try:
        asyncio.run(_migrate(dsn))
        yield Store(
            settings={"KARST_POSTGRES_DSN": dsn},
            open=lambda: PostgresDocuments(Postgres(dsn)),
            settle=lambda: _tidy_up(dsn),
        )
    finally:
        server.stop()


@contextmanager
def emulator(folder: Path) -> Generator[Store]:
    """Firestore's emulator. Raises `EmulatorMissingError`."""
    with running_emulator(folder / "firestore.log") as host:
        yield Store(
            settings={"FIRESTORE_EMULATOR_HOST": host, "GOOGLE_CLOUD_PROJECT": _PROJECT},
            open=lambda: FirestoreDocuments(FirestoreSettings(project=_PROJECT, emulator_host=host)),
            settle=lambda: None,
        )


async def _migrate(dsn: str) -> None:
    postgres = Postgres(dsn)
    await migrate(postgres)
    await postgres.close()


def _tidy_up(dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE documents")
        connection.execute("CHECKPOINT")
