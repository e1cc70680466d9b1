"""Which stores the settings name. Nothing is connected before its first use."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pydantic import SecretStr

from karst_nglstate.contents import Contents
from karst_nglstate.record import Column
from karst_nglstate.settings import StateSettings
from karst_nglstate.states import States
from karst_nglstate.stores.documents import DocumentRecords
from karst_nglstate.stores.records import Records
from karst_platform.measured import MeasuredDocuments
from karst_platform.stores.documents_postgres import PostgresDocuments
from karst_platform.stores.migrations import migrate
from karst_platform.stores.objects import Objects
from karst_platform.stores.objects_obstore import bucket_objects, folder_objects
from karst_platform.stores.postgres import Postgres

DEFAULT_BUCKET = "nglstate"
"""Name of the folder, where folders stand for buckets and the settings name none."""
_EMULATED_PROJECT = "karst"
_STORE_LIMIT_S = 25.0
_ENTITY_BYTES = 900_000
"""An entity of Datastore holds 1 MiB; some of it is for what surrounds the content."""


def open_states(settings: StateSettings) -> States:
    """Make what the settings name: PostgreSQL where a DSN is, else Datastore; a bucket or a folder for contents."""
    objects = _objects(settings, _bucket_of(settings))
    if settings.postgres_dsn is not None:
        documents = PostgresDocuments(Postgres(settings.postgres_dsn.get_secret_value()))
        records: Records = DocumentRecords(MeasuredDocuments(documents, "documents", limit_s=_STORE_LIMIT_S))
        return States(records, Contents(objects, _nowhere), inline_bytes={}, largest_inline_bytes=0)
    # Its library takes long to load, and not every store needs it.
    from karst_nglstate.stores.datastore import Datastore, DatastoreSettings  # noqa: PLC0415
    from karst_nglstate.stores.datastore_records import DatastoreRecords  # noqa: PLC0415

    datastore = Datastore(
        DatastoreSettings(
            project=settings.google_project or _EMULATED_PROJECT,
            database=settings.datastore_database,
            emulator_host=settings.datastore_emulator,
        )
    )
    stored = DatastoreRecords(datastore, settings.table, settings.older_tables, is_in_bucket=objects is not None)
    older = _Older(settings, stored.bucket_path)
    return States(
        stored,
        Contents(objects, older.objects),
        inline_bytes={Column.PROPERTIES: _ENTITY_BYTES},
        largest_inline_bytes=_ENTITY_BYTES,
    )


def is_named(settings: StateSettings) -> bool:
    """Whether the settings name a store for records."""
    return bool(settings.postgres_dsn or settings.google_project or settings.datastore_emulator)


def with_store(settings: StateSettings) -> tuple[StateSettings, Callable[[], None]]:
    """The settings, naming stores, and what ends these: where they name none, all is kept in `state_folder`."""
    if is_named(settings):
        return settings, _nothing
    # Images for the cloud don't hold it.
    from karst_platform.stores.embedded_postgres import EmbeddedPostgres  # noqa: PLC0415

    server = EmbeddedPostgres(settings.state_folder / "postgres")
    dsn = server.start()
    run_apart(_migrate(dsn))
    named = {"postgres_dsn": SecretStr(dsn), "buckets_folder": settings.state_folder / "buckets"}
    return settings.model_copy(update=named), server.stop


def run_apart(work: Coroutine[Any, Any, None]) -> None:
    """Finish `work` before anything else goes on: a server that loads the service may run its event loop already."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        thread.submit(asyncio.run, work).result()


class _Older:
    """The bucket that older services wrote down, asked for once, where it is another than ours."""

    def __init__(self, settings: StateSettings, path: Callable[[], Awaitable[str | None]]) -> None:
        self._settings, self._path = settings, path
        self._is_known = False
        self._found: Objects | None = None

    async def objects(self) -> Objects | None:
        """Its objects; None where there is none, or it is ours."""
        if not self._is_known:
            told = await self._path()
            place = told.removeprefix("gs://").strip("/") if told else None
            if place and place != _bucket_of(self._settings):
                self._found = _objects(self._settings, place)
            self._is_known = True
        return self._found


def _bucket_of(settings: StateSettings) -> str | None:
    return settings.bucket or (DEFAULT_BUCKET if settings.buckets_folder is not None else None)


def _objects(settings: StateSettings, place: str | None) -> Objects | None:
    if place is None:
        return None
    if settings.buckets_folder is not None:
        return folder_objects(settings.buckets_folder / place)
    bucket, _, path = place.partition("/")
    return bucket_objects(bucket, prefix=path or None, is_as_stored=True)


async def _nowhere() -> Objects | None:
    return None


async def _migrate(dsn: str) -> None:
    postgres = Postgres(dsn)
    await migrate(postgres)
    await postgres.close()


def _nothing() -> None:
    """A store that others started is theirs to end."""
