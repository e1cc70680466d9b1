"""An upgrade of the cluster, step by step: the whole deployment as the application writes it after each of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

import main
from karst.app import synthesize
from tests.examples import ExampleStack, once, read_stacks
from tests.synthesis.support import copy_environment, edit

BLUE = {"control_plane": "172.16.1.0/28"}
GREEN = {"control_plane": "172.16.1.16/28"}
MOVED = {"blue": 0, "green": 100}
STEPS: dict[str, tuple[dict[str, str], dict[str, int]]] = {
    "trial": ({"blue": "active", "green": "standby"}, {}),
    "tenth": ({"blue": "active", "green": "standby"}, {"blue": 90, "green": 10}),
    "moved": ({"blue": "active", "green": "standby"}, MOVED),
    "swapped": ({"blue": "draining", "green": "active"}, MOVED),
    "retired": ({"blue": "retired", "green": "active"}, MOVED),
    "removed": ({"blue": "removed", "green": "active"}, MOVED),
    "forgotten": ({"green": "active"}, {"green": 100}),
}
"""States and weights after each step of docs/how-to/upgrade-a-cluster.md."""

SERVICES = {
    # One that the clock starts.
    "tallyedits": {"enabled": True},
    # A queue worker that scales by its processor.
    "guidebook-worker": {"scaling": {"min": 2, "max": 4, "target_cpu": 70}},
    "proxy": {"enabled": False},
}

Life = Mapping[str, Mapping[str, ExampleStack]]
"""The stacks by name, after each step."""


@pytest.fixture(scope="session")
def output(run_folder: Path) -> Path:
    """Where synthesis wrote the stacks, in a folder for each step."""
    folder = run_folder / "generations"
    once(folder, lambda: _synthesize(folder))
    return folder


@pytest.fixture(scope="session")
def life(output: Path) -> Life:
    """The example of a local deployment with every kind of process, after each step of an upgrade."""
    return {step: read_stacks(output / step) for step in STEPS}


def _synthesize(folder: Path) -> None:
    path = copy_environment(folder / "environments", "local", services=SERVICES) / "deployment.yaml"
    gcp = yaml.safe_load(path.read_text(encoding="utf-8"))["gcp"]
    # The example's quota holds one cluster.
    edit(path, gcp={key: value for key, value in gcp.items() if key != "quotas"})
    for step, (states, weights) in STEPS.items():
        chosen = {name: {"state": state, **(BLUE if name == "blue" else GREEN)} for name, state in states.items()}
        edit(path, generations=chosen, edge={"weights": weights})
        synthesize(main.build(folder / "environments", folder / step))
