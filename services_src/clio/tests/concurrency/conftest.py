"""Servers in several processes on one store: PostgreSQL and Firestore's emulator."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from karst_platform.stores.documents import Documents, Fields, Path, Write
from karst_platform.stores.documents_firestore import FirestoreDocuments, FirestoreSettings
from karst_platform.stores.documents_postgres import PostgresDocuments
from karst_platform.stores.migrations import migrate
from karst_platform.stores.postgres import Postgres
from services_src.clio.tests.processes import Running, running

ADMIN = "admin@example.org"
STORES = ["postgres", "firestore"]
WRITERS = [f"writer{number}@example.org" for number in range(32)]


@dataclass(frozen=True, kw_only=True)
class Shared:
    """Servers that share a store."""

    servers: list[Running]
    settings: dict[str, str]
    """What makes one more server of the same store."""
    datasets: list[str]
    """Those that no test has used yet."""


@pytest.fixture(scope="module", params=STORES)
def settings(request: pytest.FixtureRequest) -> dict[str, str]:
    """What a server is told, to use one store with others."""
    if request.param == "postgres":
        dsn: str = request.getfixturevalue("embedded_postgres").start()
        asyncio.run(_migrate(dsn))
        return {"KARST_POSTGRES_DSN": dsn, "OWNER": ADMIN}
    emulator: str = request.getfixturevalue("firestore_emulator")
    project = f"test-{uuid.uuid4().hex[:20]}"
    return {"FIRESTORE_EMULATOR_HOST": emulator, "GOOGLE_CLOUD_PROJECT": project, "OWNER": ADMIN}


@pytest.fixture(scope="module")
def shared(settings: dict[str, str]) -> Iterator[Shared]:
    """Two servers of one store, in which there are some datasets and 32 writers, `writer0@example.org` and so on."""
    # Other modules use the same PostgreSQL.
    datasets = [f"ds{uuid.uuid4().hex[:12]}" for _ in range(16)]
    documents: list[tuple[Path, Fields]] = [
        (("clio_datasets", each), {"description": "d", "public": True}) for each in datasets
    ]
    documents += [(("clio_users", each), {"global_roles": ["clio_general", "clio_write"]}) for each in WRITERS]
    asyncio.run(_store(settings, documents))
    with ExitStack() as stack:
        servers = [stack.enter_context(running(settings)) for _ in range(2)]
        yield Shared(servers=servers, settings=settings, datasets=datasets)


@pytest.fixture
def dataset(shared: Shared) -> str:
    """A public dataset in which there is nothing."""
    return shared.datasets.pop()


async def _migrate(dsn: str) -> None:
    postgres = Postgres(dsn)
    await migrate(postgres)
    await postgres.close()


async def _store(settings: dict[str, str], documents: Sequence[tuple[Path, Fields]]) -> None:
    host = settings.get("FIRESTORE_EMULATOR_HOST")
    store: Documents
    if host is None:
        store = PostgresDocuments(Postgres(settings["KARST_POSTGRES_DSN"]))
    else:
        store = FirestoreDocuments(FirestoreSettings(project=settings["GOOGLE_CLOUD_PROJECT"], emulator_host=host))
    await store.write(*(Write(path=path, fields=fields) for path, fields in documents))
    await store.close()
