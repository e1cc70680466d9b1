"""The application: documents of types for clients, pages for people."""

from __future__ import annotations

import os
from importlib.metadata import version

from fastapi import FastAPI

from karst_platform import load_settings, service_app
from karst_platform.cave.frame import cave_frame
from karst_platform.cave.operations import describe_document
from karst_platform.documentation import documentation
from karst_platform.logs import configure_logging
from karst_schema.pages import pages
from karst_schema.routes import TAGS, api
from karst_schema.settings import SchemaSettings
from karst_schema.types import annotation_types

TITLE = "Karst schemas"
UPSTREAM = "5.26.3"
"""Version of the schemas of CAVE that these are the same as."""
DESCRIPTION = """What annotations of each type hold: for clients that check what they send and ask, and for people.

Every call is for everybody, without a token. Answers change with versions of this service only: keep them, and ask
again with `If-None-Match`. Errors are `{"error": ..., "message": ...}`."""


def create_app(settings: SchemaSettings) -> FastAPI:
    """Make the application. It needs nothing, so it is ready as soon as it runs."""
    app = service_app(
        name="schema",
        title=TITLE,
        version=version("karst-schema"),
        settings=settings,
        frame=cave_frame(settings.url_prefix, description=DESCRIPTION),
    )
    types, shown = annotation_types(), f"{UPSTREAM}+karst.{version('karst-schema')}"
    app.include_router(api(types, shown))
    app.include_router(pages(types, shown, settings.url_prefix))
    app.include_router(documentation(TITLE, page="/api/doc", document="/api/openapi.json"))
    describe_document(app, TAGS)
    return app


def application() -> FastAPI:
    """Make the application with the settings of the environment; what the server starts."""
    settings = load_settings(SchemaSettings, os.environ)
    configure_logging(settings.log_level)
    return create_app(settings)
