"""Empty stores for exports to come from and imports to go to, by their addresses."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from psycopg import sql

from karst_platform.stores.embedded_postgres import EmbeddedPostgres

NewStore = Callable[[], str]


@pytest.fixture
def new_database(embedded_postgres: EmbeddedPostgres) -> NewStore:
    """Makes a database of PostgreSQL without anything in it."""
    dsn = embedded_postgres.start()
    with psycopg.connect(dsn, autocommit=True) as connection:  # a new database is many files, of no worth afterwards
        connection.execute("ALTER SYSTEM SET fsync = off")
        connection.execute("SELECT pg_reload_conf()")

    def new() -> str:
        name = f"t{uuid.uuid4().hex}"
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return urlunsplit(urlsplit(dsn)._replace(path=f"/{name}"))

    return new


@pytest.fixture
def new_firestore(firestore_emulator: str, monkeypatch: pytest.MonkeyPatch) -> NewStore:
    """Names a database of the emulator without anything in it."""
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", firestore_emulator)
    return lambda: f"firestore://test-{uuid.uuid4().hex[:20]}/clio"


@pytest.fixture(params=["postgres", "firestore"])
def new_store(request: pytest.FixtureRequest) -> NewStore:
    """Either."""
    return request.getfixturevalue({"postgres": "new_database", "firestore": "new_firestore"}[request.param])
