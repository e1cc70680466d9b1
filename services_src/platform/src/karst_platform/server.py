"""Runs a service: granian, HTTP/1 and HTTP/2 without TLS (the load balancer has it), and an end in good order."""

from __future__ import annotations

import os
import signal
import threading

from granian.constants import HTTPModes, Interfaces
from granian.server import MPServer

from karst_platform.health import listen_for_drain
from karst_platform.settings import Settings

ANY_ADDRESS = "0.0.0.0"  # noqa: S104 - a container has only the addresses its pod gives it


def serve(factory: str, settings: Settings, *, drain_s: int, address: str = ANY_ADDRESS) -> None:
    """Answer until SIGTERM, then end within `drain_s` seconds.

    For the first of these, `settings.drain_notice_s`, it says that it is not ready and still takes requests, so that
    load balancers turn to others; then it takes none and finishes those that are open, as far as there is time. A
    second SIGTERM ends the notice. `factory` names a function without arguments that makes the application:
    `karst_landing.main:application`. One worker a container: replicas are the cluster's business.
    """
    listen_for_drain()  # the worker is a copy of this process
    server = _Server(
        factory,
        factory=True,
        address=address,
        port=settings.port,
        interface=Interfaces.ASGI,
        http=HTTPModes.auto,
        websockets=False,
        log_access=False,
        workers_kill_timeout=max(drain_s - settings.drain_notice_s, 1),
    )
    server.notice_s = settings.drain_notice_s
    server.serve()


class _Server(MPServer):
    """Gives notice before it stops."""

    notice_s = 0
    _is_noticed = False

    def signal_handler_interrupt(self, *args: object, **kwargs: object) -> None:
        """Take a signal to end: the first one tells the worker, which is stopped when the notice is over."""
        if self._is_noticed:
            super().signal_handler_interrupt(*args, **kwargs)
            return
        self._is_noticed = True
        for worker in self.wrks:
            os.kill(worker.inner.pid, signal.SIGUSR1)
        later = threading.Timer(self.notice_s, super().signal_handler_interrupt)
        later.daemon = True
        later.start()
