"""A database for each test: a copy of one that was migrated once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from pydantic import SecretStr

from karst_auth.main import Auth, create_app, make_auth
from karst_auth.migrations import MIGRATIONS
from karst_auth.settings import AuthSettings
from karst_platform.cave.guard.push import LocalChanges
from karst_platform.relational import Relational
from karst_platform.stores.embedded_postgres import EmbeddedPostgres
from karst_platform.testing_databases import database_of_its_own, make_database
from services_src.auth.tests.world import World, make_world

_TEMPLATE = "auth_template"


@pytest.fixture(scope="session")
def auth_template(embedded_postgres: EmbeddedPostgres) -> str:
    dsn = embedded_postgres.start()
    MIGRATIONS.run(make_database(dsn, _TEMPLATE))
    return dsn


@pytest.fixture
def auth_dsn(auth_template: str) -> Iterator[str]:
    with database_of_its_own(auth_template, _TEMPLATE) as dsn:
        yield dsn


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
