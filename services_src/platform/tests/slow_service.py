"""A service that answers as late as it is asked to; `python -m services_src.platform.tests.slow_service` serves it."""

from __future__ import annotations

import asyncio
import os

from fastapi import FastAPI

from karst_platform import Settings, load_settings, service_app
from karst_platform.logs import configure_logging
from karst_platform.permissions import PUBLIC
from karst_platform.server import serve

DRAIN_S = 5


def application() -> FastAPI:
    """Make the application."""
    settings = load_settings(Settings, os.environ)
    configure_logging(settings.log_level)
    app = service_app(name="slow", title="x", version="1", settings=settings)

    @app.get("/wait/{seconds}", dependencies=[PUBLIC])
    async def wait(seconds: float) -> str:
        await asyncio.sleep(seconds)
        return "done"

    return app


if __name__ == "__main__":
    name = "services_src.platform.tests.slow_service:application"
    serve(name, load_settings(Settings, os.environ), drain_s=DRAIN_S, address="127.0.0.1")
