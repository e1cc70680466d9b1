"""A database for each test: a copy of one that was migrated once."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterator

import psycopg
import pytest
from psycopg import sql
from sqlalchemy.engine import make_url

from karst_auth.migrations import MIGRATIONS
from karst_platform.relational import Relational
from karst_platform.stores.embedded_postgres import EmbeddedPostgres

_TEMPLATE = "auth_template"


def database_of(dsn: str, name: str) -> str:
    return make_url(dsn).set(database=name).render_as_string(hide_password=False)


def make_database(dsn: str, name: str, template: str = "template1") -> str:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
        )
    return database_of(dsn, name)


def drop_database(dsn: str, name: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture(scope="session")
def auth_template(embedded_postgres: EmbeddedPostgres) -> str:
    dsn = embedded_postgres.start()
    MIGRATIONS.run(make_database(dsn, _TEMPLATE))
    return dsn


@pytest.fixture
def empty_dsn(embedded_postgres: EmbeddedPostgres) -> Iterator[str]:
    """A database without any table."""
    server, name = embedded_postgres.start(), f"empty_{uuid.uuid4().hex}"
    yield make_database(server, name)
    drop_database(server, name)


@pytest.fixture
def auth_dsn(auth_template: str) -> Iterator[str]:
    name = f"auth_{uuid.uuid4().hex}"
    yield make_database(auth_template, name, _TEMPLATE)
    drop_database(auth_template, name)


@pytest.fixture
async def database(auth_dsn: str) -> AsyncIterator[Relational]:
    opened = Relational(auth_dsn)
    yield opened
    await opened.close()
