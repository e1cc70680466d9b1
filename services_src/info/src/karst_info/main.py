"""The application: routes for programs, pages for people, and what keeps both current."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI
from starlette.middleware import Middleware

from karst_info.admin import Administration
from karst_info.admin_routes import administration
from karst_info.changes import Changes
from karst_info.current import Current
from karst_info.pages import people, site_of
from karst_info.routes import TAGS, api
from karst_info.rows import rows
from karst_info.settings import InfoSettings
from karst_platform import load_settings, service_app
from karst_platform.cave.frame import cave_frame
from karst_platform.cave.guard.authority import Authority
from karst_platform.cave.guard.settings import Guarding
from karst_platform.cave.operations import describe_document
from karst_platform.documentation import documentation
from karst_platform.logs import configure_logging
from karst_platform.pages import ErrorPages, Pages
from karst_platform.relational import Relational
from karst_platform.stores.documents import StoreUnavailableError
from karst_platform.tasks import end

TITLE = "Karst info"
UPSTREAM = "4.3.3"
"""Version of CAVE's info service whose clients find what they know; below 4.3.1 they would ask for no mirrors."""
DESCRIPTION = """Which aligned volumes and datastacks there are, and where their data stand.

Every call carries a token: `Authorization: Bearer ...`. Errors are `{"error": ..., "message": ...}`."""


class Info:
    """What the application is made of."""

    def __init__(self, settings: InfoSettings) -> None:
        self.database = Relational(settings.database)
        self.current = Current(self.database, settings.url_prefix)
        self.changes = Changes(self.database, self.current)

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Keep everything current until the service ends."""
        task = asyncio.create_task(self.current.keep())
        yield
        await end(task)
        await self.database.close()

    async def missing(self) -> str | None:
        """What keeps the database from being of use."""
        try:
            await self.database.check()
            self.current.get()
        except StoreUnavailableError:
            return "The database does not answer, or is not migrated."
        return None


def create_app(settings: InfoSettings, authority: Authority | None = None) -> FastAPI:
    """Make the application. It starts whatever becomes of its database; `authority` is auth in the same process."""
    guarding, info, pages = Guarding(settings, authority), Info(settings), Pages(site_of(settings))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        async with guarding.running(), info.running():
            yield

    app = service_app(
        name="info",
        title=TITLE,
        version=version("karst-info"),
        settings=settings,
        ready={"database": info.missing},
        lifespan=lifespan,
        frame=cave_frame(
            settings.url_prefix,
            description=DESCRIPTION,
            outside=[Middleware(ErrorPages, pages=pages, prefixes=(settings.url_prefix,))],
        ),
    )
    app.state.guard, app.state.info = guarding.guard, info
    for router in api(info.current, f"{UPSTREAM}+karst.{version('karst-info')}"):
        app.include_router(router)
    app.include_router(rows(info.current, info.changes))
    app.include_router(people(info.current, pages, settings))
    app.include_router(administration(Administration(info.current, info.changes, pages)))
    app.include_router(pages.assets())
    app.include_router(documentation(TITLE, page="/api/doc", document="/api/openapi.json"))
    describe_document(app, TAGS)
    return app


def application() -> FastAPI:
    """Make the application with the settings of the environment; what the server starts."""
    settings = load_settings(InfoSettings, os.environ)
    configure_logging(settings.log_level)
    return create_app(settings)
