"""How a service says that it lives and that it can serve."""

from __future__ import annotations

import asyncio
import inspect
import signal
import threading
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from karst_platform.permissions import PUBLIC

Check = Callable[[], str | None] | Callable[[], Awaitable[str | None]]
"""Asks one need of the service; returns None when it is there, else one line about what is missing."""
CHECK_S = 2
DRAINING = "This replica ends; others answer."


@dataclass
class Draining:
    """Whether this process is about to end: then it is not ready, though it answers what still arrives."""

    is_asked: bool = False


draining = Draining()


def listen_for_drain() -> None:
    """Take SIGUSR1 for the wish to end soon. Only a process's main thread can."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGUSR1, _drain)


def _drain(*_: object) -> None:
    draining.is_asked = True


@dataclass(frozen=True, kw_only=True)
class HealthPaths:
    """Where a service says how it is."""

    live: str = "/health/live"
    ready: str = "/health/ready"


def health_routes(checks: Mapping[str, Check], paths: HealthPaths) -> APIRouter:
    """`live` answers without any I/O; `ready` asks all needs at once, and answers 503 that names what is missing."""
    router = APIRouter(include_in_schema=False, dependencies=[PUBLIC])

    @router.get(paths.live)
    async def live() -> dict[str, str]:
        return {"status": "live"}

    @router.get(paths.ready)
    async def ready() -> JSONResponse:
        if draining.is_asked:
            return JSONResponse({"status": "draining", "missing": {"process": DRAINING}}, status_code=503)
        answers = await asyncio.gather(*(_ask(check) for check in checks.values()))
        missing = {name: answer for name, answer in sorted(zip(checks, answers, strict=True)) if answer is not None}
        if missing:
            return JSONResponse({"status": "waiting", "missing": missing}, status_code=503)
        return JSONResponse({"status": "ready"})

    return router


async def _ask(check: Check) -> str | None:
    try:
        async with asyncio.timeout(CHECK_S):
            answer = await run_in_threadpool(check)
            return await answer if inspect.isawaitable(answer) else answer
    except TimeoutError:
        return f"no answer within {CHECK_S} s"
