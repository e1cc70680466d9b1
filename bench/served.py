"""A service of ours in a process of its own, served by granian on loopback, as its image serves it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

from bench.measure import BenchError

_START_S = 60
_UNLIMITED = {"KARST_RATE_PER_ADDRESS": "0", "KARST_RATE_PER_USER": "0"}
"""The limits of rates are for clients that come uninvited."""


@dataclass(frozen=True, kw_only=True)
class Served:
    """A server that answers."""

    port: int
    process: psutil.Process

    def request(self, path: str, headers: Mapping[str, str]) -> bytes:
        """The bytes of a GET, for `clio_load`."""
        lines = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1", *(f"{name}: {it}" for name, it in headers.items())]
        return "\r\n".join([*lines, "", ""]).encode()

    def cpu_s(self) -> float:
        """Seconds that the server has computed, its worker included."""
        every = [self.process, *self.process.children(recursive=True)]
        return sum(times.user + times.system for times in (each.cpu_times() for each in every))


@contextmanager
def serving(factory: str, settings: Mapping[str, str] | None = None) -> Generator[Served]:
    """Run the application that `factory` makes (`package.main:application`). Raises `BenchError`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "granian", factory, "--factory", "--interface=asgi", "--no-ws"]
    command += ["--host=127.0.0.1", f"--port={port}", "--log-level=warning"]
    environment = {**os.environ, "KARST_LOG_LEVEL": "WARNING", **_UNLIMITED, **(settings or {})}
    process = subprocess.Popen(command, env=environment)
    try:
        _wait(port, process)
        yield Served(port=port, process=psutil.Process(process.pid))
    finally:
        process.terminate()
        process.wait()


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _START_S
    while time.monotonic() < end and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise BenchError("The server didn't start")
