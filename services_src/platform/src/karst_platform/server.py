"""Runs a service: granian, HTTP/1 and HTTP/2 without TLS (the load balancer has it)."""

from __future__ import annotations

from granian.constants import HTTPModes, Interfaces
from granian.server import Server

from karst_platform.settings import Settings


def serve(factory: str, settings: Settings, *, drain_s: int) -> None:
    """Answer on all addresses until SIGTERM, then finish open requests for at most `drain_s` seconds.

    `factory` names a function without arguments that makes the application: `karst_landing.main:application`.
    One worker a container: replicas are the cluster's business.
    """
    server = Server(
        factory,
        factory=True,
        address="0.0.0.0",  # noqa: S104 - a container has only the addresses its pod gives it
        port=settings.port,
        interface=Interfaces.ASGI,
        http=HTTPModes.auto,
        websockets=False,
        log_access=False,
        workers_kill_timeout=drain_s,
    )
    server.serve()
