"""`karst up`: what it tells the program that runs the services, and what it refuses itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from karst.config.loader import load_environment
from karst_cli.up import document
from karst_local.deployment import read_deployment

ROOT = Path(__file__).parents[2]


def karst_up(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "KARST_POSTGRES_DSN"}
    return subprocess.run(
        [sys.executable, "-m", "karst_cli.main", "up", *arguments],
        cwd=ROOT,
        env={**environment, "PYTHONPATH": f"{ROOT / 'constructs'}{os.pathsep}{ROOT}"},
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("name", "owner", "datasets"),
    [
        ("demo", "admin@example.org", {"tiny"}),
        ("local", None, {"cortex", "retina"}),
        ("clio", None, {"brain", "cord"}),
        ("global", None, set[str]()),
    ],
)
def test_every_example_can_be_rehearsed(name: str, owner: str | None, datasets: set[str]) -> None:
    told = read_deployment(document(load_environment(ROOT / "environments" / name)))
    assert told.name == name
    assert owner in {None, told.owner}
    assert {dataset.name for dataset in told.datasets} == datasets


def test_what_clio_shows_of_a_dataset_is_told() -> None:
    (tiny,) = read_deployment(document(load_environment(ROOT / "environments/demo"))).datasets
    assert tiny.clio is not None
    assert tiny.clio.versions == ("v0.1",)
    sources = {stack.name: stack.segmentation_source for stack in tiny.datastacks}
    assert sources["tiny_flat"] == "precomputed://gs://karst-demo-417203-images/tiny/seg"


def test_a_folder_without_a_deployment_is_refused(tmp_path: Path) -> None:
    finished = karst_up(str(tmp_path))
    assert finished.returncode == 2
    assert "deployment.yaml" in finished.stderr
    assert "Traceback" not in finished.stderr


def test_the_exit_code_is_that_of_the_program_that_runs_the_services(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("", encoding="utf-8")
    finished = karst_up("environments/demo", "--state", str(tmp_path))
    assert finished.returncode == 7
    assert "holds other files (thesis.txt)" in finished.stdout


def test_an_address_with_a_password_reaches_it_without_being_shown(tmp_path: Path) -> None:
    finished = karst_up("--state", str(tmp_path / "s"), "--port", "0", "--https-port", "0", "--dsn",
                        "postgresql://ada:hunter2@127.0.0.1:1/x")  # fmt: skip
    assert finished.returncode == 6, finished.stdout + finished.stderr
    assert "hunter2" not in finished.stdout + finished.stderr


@pytest.mark.parametrize("option", ["--port", "--https-port"])
def test_no_port_is_refused(option: str) -> None:
    assert karst_up(option, "70000").returncode == 2
