"""How a service says that it lives and that it can serve."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter
from starlette.responses import JSONResponse

Check = Callable[[], str | None]
"""Asks one need of the service, quickly; returns None when it is there, else one line about what is missing."""


def health_routes(checks: dict[str, Check]) -> APIRouter:
    """`/health/live` answers without any I/O; `/health/ready` answers 503 and names what is missing."""
    router = APIRouter(prefix="/health", include_in_schema=False)

    @router.get("/live")
    async def live() -> dict[str, str]:
        return {"status": "live"}

    @router.get("/ready")
    def ready() -> JSONResponse:
        answers = {name: check() for name, check in sorted(checks.items())}
        missing = {name: answer for name, answer in answers.items() if answer is not None}
        if missing:
            return JSONResponse({"status": "waiting", "missing": missing}, status_code=503)
        return JSONResponse({"status": "ready"})

    return router
