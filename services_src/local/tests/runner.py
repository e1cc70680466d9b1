"""Starts the runner as people do, in a process of its own, and reads what they see."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx

HERE = Path(__file__).parent
LANDING = HERE.parents[1] / "landing" / "service.yaml"
READY = "Ctrl-C stops it"
PATIENCE_S = 60
CLIO = """
name: clio
description: The connectomics store
package: karst-clio
health: {ready: /docs}
routes: {prefix: /clio}
settings: {URL_PREFIX: {}, OWNER: {}, TEST_USER: {}, KARST_LOG_LEVEL: {}}
secrets: {FLYEM_SECRET: {}, KARST_POSTGRES_DSN: {}}
"""
SLOW = """
name: slow
package: karst-slow
health: {ready: /ready}
routes: {prefix: /slow}
"""
DEPLOYMENT: Mapping[str, object] = {
    "version": 1,
    "name": "demo",
    "title": "Karst: demo",
    "owner": "ada@example.org",
    "owner_name": "Ada",
    "document": {
        "version": 1,
        "deployment": "demo",
        "datasets": [
            {
                "name": "tiny",
                "title": "Tiny",
                "description": "Synthetic",
                "auth_dataset": "tiny",
                "aligned_volume": "tiny",
                "image_source": "precomputed://gs://tiny",
                "groups": {},
                "table_mappings": [],
                "position": [1, 2, 3],
                "clio": {"key": "tiny", "versions": ["v0.1"]},
                "datastacks": [
                    {
                        "name": "seg",
                        "segmentation_source": "graphene://example",
                        "local_server": "https://local.example.org",
                    }
                ],
            },
            {
                "name": "hush",
                "title": "Not in clio",
                "auth_dataset": "hush",
                "aligned_volume": "hush",
                "image_source": "precomputed://gs://hush",
                "groups": {},
                "table_mappings": [],
                "datastacks": [],
            },
        ],
    },
}


def services_folder(folder: Path) -> Path:
    """Folder with the declarations of three services: the front page, one with a store, one that is slow."""
    for name, text in (("landing", LANDING.read_text(encoding="utf-8")), ("clio", CLIO), ("slow", SLOW)):
        (folder / name).mkdir(parents=True)
        (folder / name / "service.yaml").write_text(text, encoding="utf-8")
    return folder


@dataclass
class Running:
    """A run."""

    process: subprocess.Popen[bytes]
    output: Path
    state: Path
    ready_s: float = field(default=0)

    @property
    def text(self) -> str:
        """What it printed so far."""
        return self.output.read_text(encoding="utf-8")

    @property
    def url(self) -> str:
        """Where it answers."""
        return found(r"runs at (http://\S+)", self.text)

    @property
    def https(self) -> str:
        """Where it answers by HTTPS."""
        return found(r"HTTPS +(https://\S+)", self.text)

    @property
    def token(self) -> str:
        """What signs the first user in."""
        return found(r"(?m)^(eyJ\S+)$", self.text)

    def get(self, path: str, **headers: str) -> httpx.Response:
        """Ask it something, signed in."""
        told = {"Authorization": f"Bearer {self.token}"} | headers
        return httpx.get(self.url + path, headers=told, trust_env=False, timeout=30)

    def post(self, path: str, json: object) -> httpx.Response:
        """Send it something, signed in."""
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx.post(self.url + path, json=json, headers=headers, trust_env=False, timeout=30)

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        self.process.send_signal(signal.SIGINT)

    def wait(self) -> int:
        """Wait for its end, and return its exit code."""
        return self.process.wait(PATIENCE_S)

    def stop(self) -> int:
        """Stop it as people do."""
        self.interrupt()
        return self.wait()

    def kill(self) -> None:
        """End it as a crash would."""
        self.process.kill()
        self.process.wait(PATIENCE_S)


def found(pattern: str, text: str) -> str:
    """The first group of a pattern that must be there."""
    match = re.search(pattern, text)
    assert match is not None, text
    return match[1]


def launch(
    state: Path,
    services: Path,
    *options: str,
    deployment: Mapping[str, object] = DEPLOYMENT,
    environment: Mapping[str, str] | None = None,
    prefix: tuple[str, ...] = (),
    ports: tuple[str, ...] = ("--port", "0", "--https-port", "0"),
) -> Running:
    """Start a run, without waiting for anything."""
    output = state.with_name(f"{state.name}-{time.monotonic_ns()}.txt")
    words = [*prefix, sys.executable, "-m", "karst_local", "--state", str(state), "--services", str(services)]
    path = os.pathsep.join([str(HERE / "example"), os.environ.get("PYTHONPATH", "")])
    with output.open("wb") as file:
        process = subprocess.Popen(
            [*words, *ports, *options],
            stdin=subprocess.PIPE,
            stdout=file,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1", **(environment or {})},
            start_new_session=True,
        )
    assert process.stdin is not None
    process.stdin.write(json.dumps(deployment).encode())
    process.stdin.close()
    return Running(process, output, state)


def until(condition: Callable[[], bool], what: str, patience_s: float = PATIENCE_S) -> None:
    """Wait until something is so."""
    end_s = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < end_s, f"waited too long until {what}"
        time.sleep(0.05)


def ready(running: Running) -> Running:
    """Wait until it serves."""
    begin_s = time.monotonic()
    until(lambda: READY in running.text or running.process.poll() is not None, "it is ready")
    assert READY in running.text, running.text
    running.ready_s = time.monotonic() - begin_s
    return running
