"""The application: its frame, its mounts, its pages of documentation."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import version

import httpx
from fastapi import FastAPI
from starlette.middleware import Middleware

from karst_clio.mounts import routers
from karst_clio.needs import Needs, make_needs
from karst_clio.settings import ClioSettings
from karst_clio.stores import open_documents, refuse_other_schema, run_apart, with_store
from karst_clio.web.bodies import JsonBodies
from karst_clio.web.origins import Origins
from karst_clio.web.paths import Paths
from karst_clio.web.schema import describe_document
from karst_platform import load_settings, service_app
from karst_platform.app import Frame
from karst_platform.documentation import documentation
from karst_platform.health import HealthPaths
from karst_platform.logs import configure_logging
from karst_platform.measured import MeasuredDocuments, store_limit_s
from karst_platform.stores.documents import Documents, StoreUnavailableError
from karst_platform.wire import answer_detail

TITLE = "Karst clio-store"
DESCRIPTION = """Annotations, neurons, bookmarks and search of a connectome.

Every call carries a token: `Authorization: Bearer ...`. `POST /v2/server/token` exchanges a token of Google or of the
auth gateway for one that lives for three weeks. Errors are `{"detail": ...}`."""


def create_app(settings: ClioSettings, needs: Needs | None = None, at_end: Callable[[], None] | None = None) -> FastAPI:
    """Make the store's application. It starts whatever becomes of its stores, and answers 503 while they are away.

    Without `needs` it makes them from the settings, and lets them go when the server stops; then it calls `at_end`.
    """
    made = needs or needs_of(settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        yield
        if needs is None:
            await made.http.aclose()
            await made.documents.close()
        if at_end is not None:
            await asyncio.to_thread(at_end)

    app = service_app(
        name="clio",
        title=TITLE,
        version=version("karst-clio"),
        settings=settings,
        ready={"documents": partial(_missing, made.documents)},
        lifespan=lifespan,
        frame=_frame(settings),
    )
    app.state.identity = made.identity
    for prefix, router in routers(made):
        app.include_router(router, prefix=prefix)
    app.include_router(documentation(TITLE, page="/docs", document="/openapi.json", redoc="/redoc"))
    describe_document(app)
    return app


def _frame(settings: ClioSettings) -> Frame:
    key = settings.signing_keys[0].get_secret_value().encode() if settings.signing_keys else None
    return Frame(
        answer=answer_detail,
        health=HealthPaths(live="/healthz", ready="/readyz"),
        openapi_path="/openapi.json",
        description=DESCRIPTION,
        outside=[Middleware(Origins, origins=settings.allowed_origins)],
        inside=[Middleware(Paths, prefix=settings.url_prefix), Middleware(JsonBodies)],
        user_key=key,
    )


async def _missing(documents: Documents) -> str | None:
    try:
        await documents.check()
    except (StoreUnavailableError, TimeoutError):
        return "The store of documents does not answer."
    return None


def needs_of(settings: ClioSettings) -> Needs:
    """Make what the settings name. Nothing is connected before the first request."""
    http = httpx.AsyncClient(timeout=httpx.Timeout(30, connect=5), follow_redirects=False)
    documents = MeasuredDocuments(
        open_documents(settings), "documents", limit_s=store_limit_s(settings.handler_timeout_s)
    )
    return make_needs(settings, documents=documents, http=http, clock=time.time)


def application() -> FastAPI:
    """Make the application with the settings of the environment; what the server starts. Raises SettingsError."""
    settings = load_settings(ClioSettings, os.environ)
    configure_logging(settings.log_level)
    run_apart(refuse_other_schema(settings))
    stored, end = with_store(settings)
    return create_app(stored, at_end=end)
