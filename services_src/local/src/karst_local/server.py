"""Serves one application on two ports, HTTP and HTTPS, until somebody says stop."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from granian.constants import HTTPModes, Interfaces, SSLProtocols
from granian.server.embed import Server
from starlette.types import ASGIApp

from karst_local.faults import Exit
from karst_platform.health import draining
from karst_platform.tasks import end

DRAIN_S = 15.0
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, kw_only=True)
class Listener:
    """A port; with a certificate it speaks HTTPS."""

    host: str
    port: int
    certificate: Path | None = None
    key: Path | None = None


class Stop:
    """Somebody's wish to stop: the first time in good order, the second time at once."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.asked_again = asyncio.Event()

    def ask(self) -> None:
        """Wish it once more."""
        (self.asked_again if self.asked.is_set() else self.asked).set()


@asynccontextmanager
async def stopping_on_signals() -> AsyncGenerator[Stop]:
    """Take Ctrl-C, SIGTERM and the end of the terminal for a wish to stop."""
    stop, loop = Stop(), asyncio.get_running_loop()
    for number in _SIGNALS:
        loop.add_signal_handler(number, stop.ask)
    try:
        yield stop
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)


def listen(app: ASGIApp, listeners: tuple[Listener, ...]) -> tuple[Server, ...]:
    """Make a server for each port; they share the application and this event loop."""
    return tuple(
        Server(
            app,
            address=one.host,
            port=one.port,
            interface=Interfaces.ASGINL,  # who serves runs what the services do at their start, once
            http=HTTPModes.auto,
            websockets=False,
            log_enabled=False,
            ssl_cert=one.certificate,
            ssl_key=one.key,
            ssl_protocol_min=SSLProtocols.tls12,
        )
        for one in listeners
    )


async def drain(servers: tuple[Server, ...], running: list[asyncio.Task[None]], stop: Stop) -> Exit:
    """Take no more requests, and finish those that are open, until `stop` is asked for again or time is up."""
    draining.is_asked = True
    for server in servers:
        server.stop()
    finished = asyncio.gather(*running, return_exceptions=True)
    hurry = asyncio.create_task(stop.asked_again.wait())
    await asyncio.wait({finished, hurry}, timeout=DRAIN_S, return_when=asyncio.FIRST_COMPLETED)
    hurry.cancel()
    if finished.done():
        return Exit.OK
    finished.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await finished
    return Exit.INTERRUPTED


async def until_first(*work: Coroutine[Any, Any, object]) -> None:
    """Run all of it until one ends, then cancel the others. Raises what that one raised."""
    tasks = [asyncio.create_task(one) for one in work]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for one in done:
            one.result()
    finally:
        await end(*(one for one in tasks if not one.done()))
