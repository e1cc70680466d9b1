"""How a service ends: not ready at once, open requests finished, in bounded time."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from services_src.platform.tests.slow_service import DRAIN_S

ROOT = Path(__file__).parents[3]
NOTICE_S = 2


@dataclass
class Running:
    """The service in a process of its own, and callers of it."""

    process: subprocess.Popen[bytes]
    url: str
    callers: ThreadPoolExecutor

    def get(self, path: str) -> httpx.Response:
        return httpx.get(self.url + path, timeout=60)

    def later(self, path: str) -> Future[httpx.Response]:
        """Ask now, and have the answer later."""
        asked = self.callers.submit(self.get, path)
        time.sleep(0.5)
        return asked

    def end(self) -> float:
        """Wish for its end; return when that was."""
        self.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        return time.monotonic() - 0.3


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    told = {"KARST_PORT": str(port), "KARST_DRAIN_NOTICE_S": str(NOTICE_S)}
    command = [sys.executable, "-m", "services_src.platform.tests.slow_service"]
    with (tmp_path / "log").open("wb") as log, ThreadPoolExecutor() as callers:
        process = subprocess.Popen(command, cwd=ROOT, env=os.environ | told, stdout=log, stderr=log)
        made = Running(process, f"http://127.0.0.1:{port}", callers)
        try:
            end_s = time.monotonic() + 60
            while not _answers(made):
                assert time.monotonic() < end_s, (tmp_path / "log").read_text()
                assert process.poll() is None, (tmp_path / "log").read_text()
                time.sleep(0.1)
            yield made
        finally:
            process.terminate()
            process.send_signal(signal.SIGTERM)
            process.wait(30)
    for line in (tmp_path / "log").read_text().splitlines():
        assert "Traceback" not in line
        assert not line.startswith("{") or json.loads(line)


def _answers(running: Running) -> bool:
    try:
        return running.get("/health/ready").status_code == 200
    except httpx.TransportError:
        return False


@pytest.mark.slow
def test_it_gives_notice_and_finishes_what_is_open(running: Running) -> None:
    slow = running.later("/wait/3.5")
    asked_s = running.end()
    ready = running.get("/health/ready")
    assert (ready.status_code, ready.json()["status"]) == (503, "draining")
    assert running.get("/health/live").status_code == 200
    assert running.get("/wait/0").status_code == 200, "what still arrives is answered"
    assert slow.result().json() == "done"
    assert running.process.wait(30) == 0
    assert NOTICE_S <= time.monotonic() - asked_s < DRAIN_S
    with pytest.raises(httpx.TransportError):
        running.get("/health/live")


@pytest.mark.slow
def test_what_takes_longer_than_the_drain_is_cut_off(running: Running) -> None:
    slow = running.later("/wait/25")
    asked_s = running.end()
    with pytest.raises(httpx.TransportError):
        slow.result()
    running.process.wait(30)
    assert DRAIN_S - 1 <= time.monotonic() - asked_s < DRAIN_S + 3


@pytest.mark.slow
def test_a_second_wish_ends_the_notice(running: Running) -> None:
    asked_s = running.end()
    running.end()
    assert running.process.wait(30) == 0
    assert time.monotonic() - asked_s < NOTICE_S
