"""Firestore's emulator from the Cloud SDK: a server on this machine that keeps documents in memory, for tests.

It speaks Datastore, too: a database does either, as in the cloud.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

_JAR = "platform/cloud-firestore-emulator/cloud-firestore-emulator.jar"
_CLASS = "com.google.cloud.datastore.emulator.firestore.CloudFirestore"
_START_S = 60


class EmulatorError(RuntimeError):
    """The emulator can't run; the message says why."""


class EmulatorMissingError(EmulatorError):
    """The emulator, or the Java that it needs, isn't installed."""


Mode = Literal["firestore-native", "datastore-mode"]


@contextmanager
def running_emulator(log: Path, mode: Mode = "firestore-native") -> Generator[str]:
    """Run an empty emulator on a free port of loopback; gives its host and port. Raises `EmulatorError`."""
    java = shutil.which("java")
    jar = _jar()
    if java is None or jar is None:
        missing = "Java" if java is None else "Firestore's emulator"
        raise EmulatorMissingError(
            f"{missing} is missing: install Java and the Cloud SDK's component cloud-firestore-emulator"
        )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # As the Cloud SDK starts it, without a shell between, so that ending it ends it.
    command = [java, "-Xmx1g", "-Duser.language=en", "-cp", str(jar), _CLASS]
    command += ["start", "--host=127.0.0.1", f"--port={port}", f"--database-mode={mode}"]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)  # noqa: S603 - the Cloud SDK's own program
    try:
        _wait_for(port, process, log)
        yield f"127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def _jar() -> Path | None:
    gcloud = shutil.which("gcloud")
    roots = [Path("/usr/lib/google-cloud-sdk")]
    if gcloud is not None:
        roots.insert(0, Path(gcloud).resolve().parent.parent)
    return next((root / _JAR for root in roots if (root / _JAR).exists()), None)


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + _START_S
    while time.monotonic() < end and process.poll() is None:
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise EmulatorError(f"Firestore's emulator didn't start:\n{log.read_text(errors='replace')[-2000:]}")
