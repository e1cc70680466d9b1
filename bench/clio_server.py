"""The connectomics store in a process of its own, served as by `karst up`: granian, within the process.

`python -m bench.clio_server PORT` serves on loopback what the environment's settings say, until SIGTERM.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from granian.constants import HTTPModes, Interfaces
from granian.server.embed import Server
from pydantic import SecretStr

from bench.measure import BenchError
from karst_clio.identity.own_tokens import OwnTokens
from karst_clio.main import application
from karst_platform.stores.documents import Fields

KEY = "a key that only this measurement uses"
USER = "ada@example.org"
_START_S = 60
_UNLIMITED = {"KARST_RATE_PER_ADDRESS": "0", "KARST_RATE_PER_USER": "0"}
"""The limits of rates are for clients that come uninvited."""
_TIMEOUT_S = 300
_PAUSE_S = 5
_MIB = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a request brought, and how long it took until the last byte was there."""

    body: bytes
    took_s: float


class Client:
    """One connection to the server, in the name of `USER`."""

    def __init__(self, port: int, process: psutil.Process) -> None:
        self.port, self._process = port, process
        self._headers = {"Authorization": f"Bearer {OwnTokens([SecretStr(KEY)], time.time).sign(USER, {})}"}
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT_S)
        self._used_s = time.monotonic()

    def ask(self, method: str, path: str, body: bytes | None = None) -> Answer:
        """Send a request and read its answer. Raises `BenchError` unless it is 200."""
        self._connect()
        started = time.perf_counter()
        self._connection.request(method, path, body=body, headers=self._headers)
        response = self._connection.getresponse()
        answer = response.read()
        took_s = time.perf_counter() - started
        self._used_s = time.monotonic()
        if response.status != 200:
            raise BenchError(f"{method} {path} was answered with {response.status}: {answer[:500]!r}")
        return Answer(body=answer, took_s=took_s)

    def read_length(self, path: str) -> tuple[int, float]:
        """Read a long answer without keeping it; return its bytes and how long that took."""
        self._connect()
        started = time.perf_counter()
        self._connection.request("GET", path, headers=self._headers)
        response = self._connection.getresponse()
        if response.status != 200:
            raise BenchError(f"GET {path} was answered with {response.status}")
        length = 0
        while part := response.read(_MIB):
            length += len(part)
        self._used_s = time.monotonic()
        return length, time.perf_counter() - started

    def request(self, path: str) -> bytes:
        """The bytes of a GET, for `clio_load`."""
        lines = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1", *(f"{name}: {it}" for name, it in self._headers.items())]
        return "\r\n".join([*lines, "", ""]).encode()

    def cpu_s(self) -> float:
        """Seconds that the server has computed, without its database."""
        times = self._process.cpu_times()
        return times.user + times.system

    def forget_peak(self) -> None:
        """Let `peak_mib` begin anew."""
        Path(f"/proc/{self._process.pid}/clear_refs").write_text("5", encoding="ascii")

    def peak_mib(self) -> float:
        """The most resident memory that the server has had."""
        status = Path(f"/proc/{self._process.pid}/status").read_text(encoding="ascii")
        return int(status.partition("VmHWM:")[2].split()[0]) / 1024

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def _connect(self) -> None:
        """Connect anew after a pause: the server hangs up on whoever is silent for half a minute."""
        if time.monotonic() - self._used_s > _PAUSE_S:
            self._connection.close()
            self._connection.connect()


@contextmanager
def serving(settings: Mapping[str, str]) -> Generator[Client]:
    """Run a server with these settings. Raises `BenchError` where it doesn't start."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "FLYEM_SECRET": KEY, "KARST_LOG_LEVEL": "WARNING", **_UNLIMITED, **settings}
    process = subprocess.Popen([sys.executable, "-m", "bench.clio_server", str(port)], env=environment)
    try:
        client = _connected(port, process)
        yield client
        client.close()
    finally:
        process.terminate()
        process.wait()


def _connected(port: int, process: subprocess.Popen[bytes]) -> Client:
    end = time.monotonic() + _START_S
    while time.monotonic() < end and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return Client(port, psutil.Process(process.pid))
        time.sleep(0.05)
    raise BenchError("The store's server didn't start")


async def _serve(port: int) -> None:
    server = Server(
        application(),
        address="127.0.0.1",
        port=port,
        interface=Interfaces.ASGI,
        http=HTTPModes.auto,
        websockets=False,
        log_enabled=False,
    )
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, server.stop)
    await server.serve()


def bodies(annotations: Sequence[Fields], at_a_time: int) -> list[bytes]:
    """Annotations as the bodies of posts."""
    return [
        json.dumps(annotations[start : start + at_a_time]).encode() for start in range(0, len(annotations), at_a_time)
    ]


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))
