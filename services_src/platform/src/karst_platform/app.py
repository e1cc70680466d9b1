"""The frame of a service: an application with health, errors, request ids and limits already in place."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import FastAPI

from karst_platform.errors import UnexpectedErrors, answer_errors
from karst_platform.guards import BodyLimit, SecurityHeaders
from karst_platform.health import Check, health_routes
from karst_platform.requests import RequestIds, TrailingSlashes
from karst_platform.settings import Settings
from karst_platform.wire import Answer, answer_error


def service_app(
    *,
    title: str,
    version: str,
    settings: Settings,
    ready: Mapping[str, Check] | None = None,
    answer: Answer = answer_error,
) -> FastAPI:
    """Make an empty application; the service adds its routes.

    It never redirects, publishes its schema at `/api/openapi.json`, and has no documentation pages, since FastAPI's
    load scripts from elsewhere. Middlewares are added from the inside out.
    """
    app = FastAPI(
        title=title,
        version=version,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        redirect_slashes=False,
    )
    answer_errors(app, answer)
    app.include_router(health_routes(dict(ready or {})))
    app.add_middleware(UnexpectedErrors, answer=answer)
    app.add_middleware(TrailingSlashes)
    app.add_middleware(BodyLimit, limit_bytes=settings.body_limit_kib * 1024, answer=answer)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(RequestIds)
    return app
