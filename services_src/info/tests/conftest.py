"""A database with some rows for each module of tests, and an empty one for each test that asks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator

import httpx
import pytest
from fastapi import FastAPI

from karst_info.migrations import MIGRATIONS
from karst_platform.stores.embedded_postgres import EmbeddedPostgres
from karst_platform.testing_databases import database_of_its_own, make_database
from services_src.info.tests.support import Told, caller, fill, served, settings

_TEMPLATE = "info_template"
Client = Callable[[str | None], httpx.AsyncClient]


@pytest.fixture(scope="session")
def info_template(embedded_postgres: EmbeddedPostgres) -> str:
    """A server with a database of some rows."""
    dsn = embedded_postgres.start()
    made = make_database(dsn, _TEMPLATE)
    MIGRATIONS.run(made)
    fill(made)
    return dsn


@pytest.fixture(scope="module")
def read_dsn(info_template: str) -> Iterator[str]:
    """A database with some rows that no test changes."""
    with database_of_its_own(info_template, _TEMPLATE) as dsn:
        yield dsn


@pytest.fixture
def write_dsn(info_template: str) -> Iterator[str]:
    """A database with some rows of the test's own."""
    with database_of_its_own(info_template, _TEMPLATE) as dsn:
        yield dsn


@pytest.fixture
def authority() -> Told:
    """Who may what."""
    return Told()


@pytest.fixture
async def app(read_dsn: str, authority: Told) -> AsyncIterator[FastAPI]:
    """The service; no test changes what it knows."""
    async with served(settings(read_dsn), authority) as made:
        yield made


@pytest.fixture
async def writable(write_dsn: str, authority: Told) -> AsyncIterator[FastAPI]:
    """The service with a database of the test's own."""
    async with served(settings(write_dsn), authority) as made:
        yield made


@pytest.fixture
def as_(app: FastAPI) -> Client:
    """Clients by the name of whoever calls."""
    return lambda name: caller(app, name)
