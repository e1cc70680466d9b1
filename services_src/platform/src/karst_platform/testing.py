"""Fixtures for tests that need a store of documents: each such test runs on PostgreSQL and on Firestore's emulator.

`documents` is an empty store, closed after the test; `open_documents` opens more on the same data, in any event loop.
Without Java and the emulator of the Cloud SDK the tests on Firestore skip, or fail where `KARST_REQUIRE` lists
`emulators`.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest

from karst_platform.stores.documents import Documents
from karst_platform.stores.documents_firestore import FirestoreDocuments, FirestoreSettings
from karst_platform.stores.documents_postgres import PostgresDocuments
from karst_platform.stores.embedded_postgres import EmbeddedPostgres
from karst_platform.stores.firestore_emulator import EmulatorError, EmulatorMissingError, Mode, running_emulator
from karst_platform.stores.migrations import migrate
from karst_platform.stores.postgres import Postgres
from karst_platform.testing_programs import missing

OpenDocuments = Callable[[], Documents]


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Run tests that are coroutines on asyncio, as the services do."""
    return "asyncio"


@pytest.fixture
def postgres_folder() -> Iterator[Path]:
    """A folder for a server of PostgreSQL.

    Not below `tmp_path`: each run of pytest closes that to other users, and what root starts runs as another.
    """
    with TemporaryDirectory(prefix="karst-") as folder:
        yield Path(folder) / "postgres"


@pytest.fixture(scope="session")
def embedded_postgres() -> Iterator[EmbeddedPostgres]:
    """A server of PostgreSQL for this run of the tests."""
    with TemporaryDirectory(prefix="karst-") as folder:
        server = EmbeddedPostgres(Path(folder) / "postgres")
        server.start()
        yield server
        server.stop()


@pytest.fixture(scope="session")
def firestore_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Host and port of an emulator of Firestore for this run of the tests."""
    yield from _emulator(tmp_path_factory, "firestore-native")


@pytest.fixture(scope="session")
def datastore_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Host and port of an emulator of Firestore in Datastore mode for this run of the tests."""
    yield from _emulator(tmp_path_factory, "datastore-mode")


def _emulator(folders: pytest.TempPathFactory, mode: Mode) -> Iterator[str]:
    try:
        with running_emulator(folders.mktemp(mode) / "log", mode) as host:
            yield host
    except EmulatorMissingError as error:
        missing("emulators", str(error))
    except EmulatorError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture(params=["postgres", "firestore"])
def open_documents(request: pytest.FixtureRequest) -> OpenDocuments:
    """Return a function that opens a store; all that one test opens hold the same documents, at first none."""
    if request.param == "postgres":
        dsn = request.getfixturevalue("postgres_dsn")
        return lambda: PostgresDocuments(Postgres(dsn))
    host = request.getfixturevalue("firestore_emulator")
    settings = FirestoreSettings(project=f"test-{uuid.uuid4().hex[:20]}", emulator_host=host)
    return lambda: FirestoreDocuments(settings)


@pytest.fixture
async def documents(open_documents: OpenDocuments) -> AsyncIterator[Documents]:
    """An empty store of documents."""
    store = open_documents()
    yield store
    await store.close()


@pytest.fixture
async def postgres_dsn(embedded_postgres: EmbeddedPostgres) -> str:
    """A database with an empty store of documents."""
    dsn = embedded_postgres.start()
    postgres = Postgres(dsn)
    await migrate(postgres)
    await postgres.close()
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
        await connection.execute("TRUNCATE documents")
    return dsn
