"""The application: states of viewers, and properties of segments, behind short links."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import version

from fastapi import FastAPI

from karst_nglstate.bodies import Bodies
from karst_nglstate.legacy import legacy
from karst_nglstate.routes import TAGS, About, api
from karst_nglstate.settings import StateSettings
from karst_nglstate.states import States
from karst_nglstate.stores.opening import open_states, with_store
from karst_platform import load_settings, service_app
from karst_platform.cave.frame import cave_frame
from karst_platform.cave.guard.authority import Authority
from karst_platform.cave.guard.settings import Guarding
from karst_platform.cave.operations import describe_document
from karst_platform.documentation import documentation
from karst_platform.logs import configure_logging
from karst_platform.stores.documents import StoreUnavailableError

TITLE = "Karst states"
UPSTREAM = "0.7.2"
"""Version of CAVE's state server whose clients find what they know; below 0.4.0 they would post no properties."""
DESCRIPTION = """Keeps states of viewers, and properties of segments, behind short links.

What is posted is kept byte for byte and never changes. Every call carries a token: `Authorization: Bearer ...`.
Errors are `{"error": ..., "message": ...}`."""


def create_app(
    settings: StateSettings,
    authority: Authority | None = None,
    states: States | None = None,
    at_end: Callable[[], None] | None = None,
) -> FastAPI:
    """Make the application. It starts whatever becomes of its stores, and answers 503 while they are away.

    `authority` is auth in the same process. Without `states` it makes them from the settings. When the server stopped
    it calls `at_end`.
    """
    guarding, made = Guarding(settings, authority), states or open_states(settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        async with guarding.running(), made.reads.telling():
            yield
        await made.records.close()
        if at_end is not None:
            await asyncio.to_thread(at_end)

    app = service_app(
        name="nglstate",
        title=TITLE,
        version=version("karst-nglstate"),
        settings=settings,
        ready={"records": partial(_missing, made)},
        lifespan=lifespan,
        frame=cave_frame(settings.url_prefix, description=DESCRIPTION),
    )
    app.state.guard, app.state.states = guarding.guard, made
    bodies = Bodies(settings.body_limit_kib * 1024)
    shown = About(
        version=f"{UPSTREAM}+karst.{version('karst-nglstate')}",
        project=settings.google_project or "",
        table=settings.table,
        root=settings.url_prefix,
    )
    app.include_router(documentation(TITLE, page="/api/doc", document="/api/openapi.json"))
    app.include_router(legacy(made, bodies, shown))
    app.include_router(api(made, bodies, shown), prefix="/api/v1")
    describe_document(app, TAGS)
    return app


async def _missing(states: States) -> str | None:
    try:
        await states.records.check()
    except (StoreUnavailableError, TimeoutError):
        return "The store of states does not answer."
    return None


def application() -> FastAPI:
    """Make the application with the settings of the environment; what the server starts. Raises SettingsError."""
    settings = load_settings(StateSettings, os.environ)
    configure_logging(settings.log_level)
    stored, end = with_store(settings)
    return create_app(stored, at_end=end)
