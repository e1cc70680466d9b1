"""Databases for tests, on the server of the run: copies of one that was migrated once are made in a moment."""

from __future__ import annotations

import uuid
from collections.abc import Generator, Iterator
from contextlib import contextmanager

import psycopg
import pytest
from psycopg import sql
from sqlalchemy.engine import make_url

from karst_platform.stores.embedded_postgres import EmbeddedPostgres


def make_database(dsn: str, name: str, template: str = "template1") -> str:
    """Make a database on a server, and return its address."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
        )
    return make_url(dsn).set(database=name).render_as_string(hide_password=False)


def drop_database(dsn: str, name: str) -> None:
    """Take a database away, whoever is connected."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@contextmanager
def database_of_its_own(dsn: str, template: str = "template1") -> Generator[str]:
    """A database that nobody else has, and that goes at the end."""
    name = f"test_{uuid.uuid4().hex}"
    yield make_database(dsn, name, template)
    drop_database(dsn, name)


@pytest.fixture
def empty_dsn(embedded_postgres: EmbeddedPostgres) -> Iterator[str]:
    """A database without any table."""
    with database_of_its_own(embedded_postgres.start()) as dsn:
        yield dsn
