"""`karst reconcile`: what the program of the services is told, by its environment and its standard input."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from karst_cli import reconcile
from karst_cli.main import create_app
from tests.examples import ENVIRONMENTS

Told = tuple[str, Sequence[str], Mapping[str, str], str | None]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[Told]:
    found: list[Told] = []

    def become(name: str, arguments: Sequence[str], environment: Mapping[str, str], text: str | None) -> None:
        found.append((name, arguments, environment, text))

    monkeypatch.setattr(reconcile, "become_program", become)
    monkeypatch.delenv("KARST_RECONCILE_TOKEN", raising=False)
    return found


@pytest.fixture
def karst(tmp_path: Path) -> Callable[..., Result]:
    def run(*words: str) -> Result:
        arguments = ["reconcile", *words, "--state", str(tmp_path)]
        return CliRunner().invoke(create_app(arguments), arguments)

    return run


def running(state: Path) -> None:
    (state / "secrets").mkdir()
    (state / "secrets" / "reconcile-token").write_text("the token")
    (state / "running.json").write_text(json.dumps({"process": 1, "url": "http://localhost:8080"}))


def test_what_runs_here_is_found_with_its_token(told: list[Told], karst: Callable[..., Result], tmp_path: Path) -> None:
    running(tmp_path)
    assert karst("--plan", "--prune").exit_code == 0
    ((name, arguments, environment, text),) = told
    assert (name, arguments, text) == ("reconcile", [], None), "no token among the arguments"
    assert environment["KARST_AUTH_URL"] == "http://localhost:8080/auth"
    assert environment["KARST_RECONCILE_TOKEN"] == "the token"
    assert environment["KARST_DATASETS"] == str(tmp_path / "datasets.json")
    assert (environment["KARST_PLAN_ONLY"], environment["KARST_PRUNE"], environment["KARST_ADOPT"]) == (
        "true",
        "true",
        "false",
    )


def test_a_deployments_folder_is_read_and_its_global_services_are_asked(
    told: list[Told], karst: Callable[..., Result], tmp_path: Path
) -> None:
    running(tmp_path)
    assert karst(str(ENVIRONMENTS / "local")).exit_code == 0
    ((_, _, environment, text),) = told
    assert text is not None
    document = json.loads(text)
    assert (document["deployment"], environment["KARST_DATASETS"]) == ("local", "-")
    assert environment["KARST_AUTH_URL"].startswith("https://")
    assert document["datasets"][0]["datastacks"][0]["local_server"] not in environment["KARST_AUTH_URL"]
    assert "KARST_RECONCILE_TOKEN" not in environment, "the token of this machine goes nowhere else"
    assert environment["GOOGLE_CLOUD_PROJECT"] == ""


def test_another_server_and_its_authority_can_be_named(told: list[Told], karst: Callable[..., Result]) -> None:
    words = ("--server", "https://karst.example.org/", "--authority", "ca.pem", "--tokens", "tokens", "--json")
    assert karst(str(ENVIRONMENTS / "demo"), *words).exit_code == 0
    environment = told[0][2]
    assert environment["KARST_INFO_URL"] == "https://karst.example.org/info"
    assert (environment["KARST_AUTHORITY"], environment["KARST_TOKENS"]) == ("ca.pem", "tokens")
    assert environment["KARST_JSON"] == "true"


def test_where_nothing_runs_or_nothing_is_valid_it_says_so(
    told: list[Told], karst: Callable[..., Result], tmp_path: Path
) -> None:
    nothing = karst()
    assert (nothing.exit_code, "Start it: karst up" in nothing.stderr) == (1, True)
    (tmp_path / "broken").mkdir()
    broken = karst(str(tmp_path / "broken"))
    assert (broken.exit_code, "karst reconcile: " in broken.stderr) == (2, True)
    assert told == []


def test_the_program_refuses_to_begin_without_a_token(tmp_path: Path) -> None:
    path = tmp_path / "datasets.json"
    path.write_text(json.dumps({"version": 1, "deployment": "demo", "datasets": []}))
    environment = {name: text for name, text in os.environ.items() if not name.startswith("KARST_")}
    done = subprocess.run(
        [sys.executable, "-m", "karst_reconcile"],
        env={**environment, "KARST_DATASETS": str(path), "KARST_WAIT_S": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, "There is no token" in done.stderr) == (2, True)
