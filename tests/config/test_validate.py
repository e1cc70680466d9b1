"""`karst validate`: what it prints, how it exits, what it imports; and states compared with an earlier revision."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from karst_cli.validate import validate
from tests.config.base import API, BASE, FLY, MINNIE, edited, write

REPOSITORY = Path(__file__).parents[2]


def run(*arguments: str) -> tuple[int, str]:
    app = typer.Typer()
    app.command()(validate)
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.output


def git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=T", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


def test_the_examples_are_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(REPOSITORY)
    status, output = run()
    assert status == 0, output
    assert output.startswith("4 deployments, ")
    assert output.endswith(": valid\n")


def test_one_deployment_and_a_whole_folder(tmp_path: Path) -> None:
    write(tmp_path, BASE)
    assert run(str(tmp_path)) == (0, "2 deployments, 2 datasets: valid\n")
    assert run(str(tmp_path / "api")) == (0, "1 deployment, 2 datasets: valid\n")


def test_problems_for_people_and_for_programs(tmp_path: Path) -> None:
    write(tmp_path, edited(API, "cpu: 4", "cpu: 0"))
    place = f"{tmp_path}/{API}"
    text = f"{place}:23: sql.cpu: is 0, below the least allowed 1. Write 1 or more.\n1 problem\n"
    assert run(str(tmp_path)) == (2, text)
    status, output = run("--format", "json", str(tmp_path))
    assert status == 2
    read = json.loads(output)
    assert read["valid"] is False
    assert read["problems"][0]["file"] == place
    assert (read["problems"][0]["line"], read["problems"][0]["key"]) == (23, "sql.cpu")


def test_declarations_of_all_services_are_seen_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(REPOSITORY)
    write(tmp_path, edited(API, "edge:\n", "images: {fallback: upstream}\nedge:\n  timeout_s: 600\n"))
    status, output = run(str(tmp_path))
    assert status == 2
    assert (
        "edge.timeout_s: 600 s are less than the 620 s that 'pychunkedgraph' may take. Write 620 or more.\n" in output
    )
    assert "redis.cache: upstream's images of " in output


def test_pools_that_declared_services_lack_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(REPOSITORY)
    pools = "  pools:\n    core: {machine_type: e2-standard-4, min_nodes: 1, tainted: false}\n  network:\n"
    files = edited(API, "  network:\n", pools)
    write(tmp_path, {**files, API: files[API].replace("edge:\n", "images: {fallback: upstream}\nedge:\n")})
    status, output = run(str(tmp_path))
    assert status == 2
    assert "gcp.pools: the service 'meshworker' runs on the pool 'mesh', which isn't declared." in output
    assert "'core', which isn't declared" not in output


def test_no_cloud_binding_is_imported() -> None:
    program = (
        "import sys; from karst_cli.validate import validate; validate(); "
        "sys.exit([m for m in sys.modules if m.split('.')[0] in ('cdktn', 'constructs', 'jsii')] or 0)"
    )
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY / "constructs")}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """The base, committed."""
    write(tmp_path / "env", BASE)
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "base")
    return tmp_path / "env"


GREEN = "  green: {state: standby, control_plane: 172.16.0.16/28}\n"
BLUE_REMOVED = edited(API, "blue: {state: active,", "blue: {state: removed,")
BLUE = "  blue: {state: active, control_plane: 172.16.0.0/28}\n"


def green_active(blue: str) -> dict[str, str]:
    """Green in blue's place with all traffic; `blue` is the line of what becomes of blue."""
    files = edited(API, BLUE, blue, edited(API, "green: {state: standby,", "green: {state: active,"))
    return edited(API, "{blue: 90, green: 10}", "{green: 100}", files)


TRANSITIONS: list[tuple[str, dict[str, str], str]] = [
    (
        "standby to removed",
        edited(API, "{state: standby,", "{state: removed,"),
        "generations.green.state: goes from standby",
    ),
    (
        "active to removed",
        edited(API, "green: {state: standby,", "green: {state: active,", BLUE_REMOVED),
        "generations.blue.state: goes from active (in 'HEAD') to removed",
    ),
    (
        "dataset active to removed",
        edited(FLY, "clio: {}", "state: removed"),
        "state: goes from active (in 'HEAD') to removed",
    ),
    (
        "active to retired",
        green_active(BLUE.replace("active", "retired")),
        "generations.blue.state: goes from active (in 'HEAD') to retired",
    ),
    (
        "active to removed",
        green_active(BLUE.replace("active", "removed")),
        "generations.blue.state: goes from active (in 'HEAD') to removed",
    ),
    (
        "active generation gone",
        green_active(""),
        "generations.blue.state: it was active in 'HEAD' and is gone",
    ),
    ("generation gone", edited(API, GREEN, ""), "generations.green.state: it was standby in 'HEAD' and is gone"),
]


@pytest.mark.parametrize(("_name", "files", "says"), TRANSITIONS, ids=[name for name, _, _ in TRANSITIONS])
def test_illegal_steps(repository: Path, _name: str, files: Mapping[str, str], says: str) -> None:
    write(repository, files)
    status, output = run("--against", "HEAD", str(repository))
    assert status == 2
    assert says in output


def test_legal_steps(repository: Path) -> None:
    files = edited(API, "blue: {state: active,", "blue: {state: draining,")
    files = edited(API, "green: {state: standby,", "green: {state: active,", files)
    files = edited(FLY, "clio: {}", "clio: {}\nstate: retired", files)
    write(repository, files)
    assert run("--against", "HEAD", str(repository)) == (0, "2 deployments, 2 datasets: valid\n")


def test_a_file_may_go_only_after_removed(repository: Path) -> None:
    (repository / FLY).unlink()
    status, output = run("--against", "HEAD", str(repository))
    assert status == 2
    assert f"{FLY}: state: the dataset was active in 'HEAD' and its file is gone" in output
    write(repository, edited(FLY, "clio: {}", "state: removed"))
    git(repository, "commit", "-qam", "removed")
    (repository / FLY).unlink()
    assert run("--against", "HEAD", str(repository))[0] == 0


def test_only_the_deployment_asked_for_is_compared(repository: Path) -> None:
    (repository / MINNIE).unlink()
    assert run("--against", "HEAD", str(repository / "global")) == (0, "1 deployment, 0 datasets: valid\n")


@pytest.mark.parametrize("revision", ["no-such-thing", "--output=x"])
def test_an_unknown_revision(repository: Path, revision: str) -> None:
    status, output = run(f"--against={revision}", str(repository))
    assert status == 2
    assert "Name a commit, branch or tag" in output
    assert not (repository / "x").exists()
