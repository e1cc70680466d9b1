"""Both templates imported side by side, and the stacks that `main.py` makes of them: once a test run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.adoption.imported import Imported, import_file
from tests.adoption.upstream_files import EVERYTHING_ON, global_file, local_file
from tests.examples import ExampleStack, once, read_stacks, run_main


@dataclass(frozen=True, kw_only=True)
class Platform:
    """A global deployment and a local one with everything turned on, as upstream's files describe them."""

    hub: Imported
    reef: Imported


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Platform:
    return import_both(tmp_path_factory.mktemp("platform"))


@pytest.fixture(scope="session")
def stacks(run_folder: Path) -> dict[str, ExampleStack]:
    """Stacks by name, synthesized as a user does."""
    folder = run_folder / "imported"

    def make() -> None:
        both = import_both(folder / "files")
        for imported in (both.hub, both.reef):
            keep_state_in_a_bucket(imported)
        run_main(folder / "out", {"KARST_ENVIRONMENTS": str(folder / "files" / "environments")})

    once(folder, make)
    return read_stacks(folder / "out")


def keep_state_in_a_bucket(imported: Imported) -> None:
    """What `karst bootstrap` tells an operator to write; without it synthesis warns."""
    path = imported.folder / "deployment.yaml"
    path.write_text(f"{path.read_text('utf-8')}\nstate: {{bucket: kelp-lab-karst-state}}\n", encoding="utf-8")


def import_both(folder: Path) -> Platform:
    folder.mkdir(exist_ok=True)
    output = folder / "environments"
    return Platform(
        hub=import_file(global_file(folder), output),
        reef=import_file(local_file(folder, by_hand=True, more=EVERYTHING_ON), output),
    )
