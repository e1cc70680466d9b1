"""Runs of the platform for tests: one state folder is made once and copied, since a new database takes seconds."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from services_src.local.tests.runner import Running, launch, ready, services_folder

Launch = Callable[..., Running]


@pytest.fixture(scope="session")
def places() -> Iterator[Path]:
    """A folder that the user of PostgreSQL can reach: those of pytest are closed again by every other run of pytest."""
    with tempfile.TemporaryDirectory(prefix="karst-") as name:
        yield Path(name)


@pytest.fixture
def place(places: Path) -> Iterator[Path]:
    """An empty folder for a test's state."""
    path = Path(tempfile.mkdtemp(dir=places))
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="session")
def services(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Declarations of services."""
    return services_folder(tmp_path_factory.mktemp("services"))


@pytest.fixture(scope="session")
def stopped(places: Path, services: Path) -> Path:
    """The state folder of a run that ended in good order. Copy it, and don't touch it."""
    state = places / "first"
    running = ready(launch(state, services))
    assert running.stop() == 0, running.text
    return state


@pytest.fixture
def state(place: Path, stopped: Path) -> Path:
    """A state folder of an earlier run."""
    subprocess.run(["cp", "-a", str(stopped), str(place / "state")], check=True)
    return place / "state"


@pytest.fixture
def start(services: Path, place: Path) -> Iterator[Launch]:
    """Start runs, which end with the test, their databases too, before the folder goes."""
    runs: list[Running] = []

    def begin(folder: Path, *options: str, **how: object) -> Running:
        runs.append(launch(folder, services, *options, **how))  # type: ignore[arg-type]
        return runs[-1]

    yield begin
    for one in runs:
        if one.process.poll() is None:
            one.stop()
