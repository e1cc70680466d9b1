"""A database for each test: a copy of one that was migrated once."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterator

import httpx
import psycopg
import pytest
from psycopg import sql
from pydantic import SecretStr
from sqlalchemy.engine import make_url

from karst_auth.main import Auth, create_app, make_auth
from karst_auth.migrations import MIGRATIONS
from karst_auth.settings import AuthSettings
from karst_platform.cave.guard.push import LocalChanges
from karst_platform.relational import Relational
from karst_platform.stores.embedded_postgres import EmbeddedPostgres
from services_src.auth.tests.world import World, make_world

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


@pytest.fixture
def auth_settings(auth_dsn: str) -> AuthSettings:
    return AuthSettings(
        postgres_dsn=SecretStr(auth_dsn), rate_per_user=0, rate_per_address=0, sticky_auth_url="auth.example.org/sticky"
    )


@pytest.fixture
def auth(auth_settings: AuthSettings) -> Auth:
    return make_auth(auth_settings, LocalChanges())


@pytest.fixture
async def world(auth: Auth) -> World:
    return await make_world(auth.needs.ledger)


@pytest.fixture
async def client(auth: Auth, auth_settings: AuthSettings) -> AsyncIterator[httpx.AsyncClient]:
    """Calls the application as clients do, below its prefix."""
    app = create_app(auth_settings, auth)
    transport = httpx.ASGITransport(app=app, client=("192.0.2.7", 50000))
    async with httpx.AsyncClient(transport=transport, base_url="https://auth.example.org/auth/api/v1") as made:
        yield made
    await auth.needs.database.close()
