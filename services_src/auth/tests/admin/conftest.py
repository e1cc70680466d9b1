"""Browsers for everybody of the small lab."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from karst_auth.main import Auth, create_app
from karst_auth.settings import AuthSettings
from services_src.auth.tests.admin.browsing import ORIGIN, Browser
from services_src.auth.tests.world import World

Open = Callable[[str], Browser]


def application() -> FastAPI:
    """The application, without a database."""
    return create_app(AuthSettings(postgres_dsn=SecretStr("postgresql://nobody.invalid/none")))


@pytest.fixture
async def pages_client(auth: Auth, auth_settings: AuthSettings) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(auth_settings, auth)
    transport = httpx.ASGITransport(app=app, client=("192.0.2.7", 50000))
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as made:
        yield made
    await auth.needs.database.close()


@pytest.fixture
def browse(pages_client: httpx.AsyncClient, world: World) -> Open:
    """Opens a browser in which one of the lab is signed in."""
    return lambda who: Browser(pages_client, world, who)
