"""A service whose answers take as long as they are asked to."""

from __future__ import annotations

import asyncio

from fastapi import FastAPI

from karst_platform import Settings, service_app


def create_app(settings: Settings) -> FastAPI:
    """Make the application."""
    app = service_app(name="slow", title="Slow", version="1", settings=settings)

    @app.get("/slow/wait/{seconds}")
    async def wait(seconds: float) -> str:
        await asyncio.sleep(seconds)
        return "done"

    @app.get("/ready")
    async def ready() -> None: ...

    return app
