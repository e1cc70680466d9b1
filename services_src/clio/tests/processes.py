"""Servers of the store in processes of their own, on loopback: for tests of what only real connections and kills do."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest

from services_src.clio.tests.support import KEY, token

_START_S = 60
_FOREIGN = ("GOOGLE", "FIRESTORE", "KARST", "FLYEM", "TEST_USER", "DSG_URL", "OWNER", "URL_PREFIX", "K_SERVICE")


@dataclass(frozen=True, kw_only=True)
class Running:
    """A server's process."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def resident_bytes(self) -> int:
        """Memory of the server and of the worker that it starts."""
        every = psutil.Process(self.process.pid)
        return sum(each.memory_info().rss for each in (every, *every.children(recursive=True)))

    def client(self, user: str | None = None) -> httpx.AsyncClient:
        """A client that calls as `user`, through up to 64 connections."""
        headers = {} if user is None else bearer(user)
        limits = httpx.Limits(max_connections=64)
        return httpx.AsyncClient(base_url=self.url, headers=headers, timeout=60, limits=limits)

    def kill(self) -> None:
        """End it at once, as a machine that loses power does."""
        for each in (*psutil.Process(self.process.pid).children(recursive=True), psutil.Process(self.process.pid)):
            each.kill()
        self.process.wait(10)


def bearer(user: str) -> dict[str, str]:
    """The header of a user's token, which holds now."""
    now_s = int(time.time())
    return {"Authorization": f"Bearer {token(user, iat=now_s - 60, exp=now_s + 3600)}"}


@contextmanager
def running(settings: Mapping[str, str]) -> Generator[Running]:
    """A server with these settings and the key of `token`, once it answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    command = [sys.executable, "-m", "granian", "karst_clio.main:application", "--factory", "--interface=asgi"]
    command += ["--host=127.0.0.1", f"--port={port}", "--no-ws"]
    with tempfile.TemporaryDirectory(prefix="clio-") as folder:
        log = Path(folder) / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                command, env=environment | {"FLYEM_SECRET": KEY} | dict(settings), stdout=output, stderr=output
            )
        server = Running(process=process, port=port, log=log)
        try:
            _wait(server)
            yield server
        finally:
            if process.poll() is None:
                server.kill()


def _wait(server: Running) -> None:
    end_s = time.monotonic() + _START_S
    while time.monotonic() < end_s and server.process.poll() is None:
        try:
            if httpx.get(f"{server.url}/healthz").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    pytest.fail(f"the server didn't start:\n{server.log.read_text(errors='replace')[-2000:]}", pytrace=False)
