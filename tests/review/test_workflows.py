"""The workflows, ours and those that a lab gets: no holes, no right too many, and the same where they do the same."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from karst_cli.main import COMMANDS
from karst_cli.review import review

ROOT = Path(__file__).parents[2]
LAB = ROOT / "constructs/karst/scaffolding/repository"
FILES = sorted(path for root in (ROOT, LAB) for path in (root / ".github/workflows").glob("*.yaml"))
ACTIONS = sorted(path for root in (ROOT, LAB) for path in (root / ".github/actions").glob("*/action.yaml"))
WRITING = {"id-token", "pull-requests", "issues"}

Json = dict[str, Any]


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def load(path: Path) -> Json:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def jobs(path: Path) -> dict[str, Json]:
    return load(path)["jobs"]


def test_there_is_one_for_each_purpose() -> None:
    assert {path.name for path in FILES if LAB in path.parents} == {
        "checks.yaml",
        "plan.yaml",
        "deploy.yaml",
        "drift.yaml",
    }


@pytest.mark.parametrize("name", ["plan.yaml", "deploy.yaml", "drift.yaml"])
def test_a_lab_gets_what_we_run(name: str) -> None:
    """Only how Karst gets there differs, which is the action's business."""
    ours, theirs = (root / ".github/workflows" / name for root in (ROOT, LAB))
    assert ours.read_bytes() == theirs.read_bytes()


@pytest.mark.parametrize("path", [*FILES, *ACTIONS], ids=named)
def test_actions_are_pinned_by_hash(path: Path) -> None:
    for action in re.findall(r"uses:\s*(\S+)", path.read_text(encoding="utf-8")):
        assert action == "./.github/actions/karst" or re.search(r"@[0-9a-f]{40}$", action), action


def test_the_same_action_is_the_same_everywhere() -> None:
    used: dict[str, set[str]] = {}
    for path in [*FILES, *ACTIONS]:
        for action, version in re.findall(r"uses:\s*(\S+)@(\S+ # \S+)", path.read_text(encoding="utf-8")):
            used.setdefault(action, set()).add(version)
    assert {action: versions for action, versions in used.items() if len(versions) > 1} == {}


@pytest.mark.parametrize("path", FILES, ids=named)
def test_each_job_has_an_end_and_states_its_rights(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert load(path)["permissions"] == {}
    assert "pull_request_target" not in text
    # One secret there is, of the environment in which somebody approves.
    assert set(re.findall(r"secrets\.\w+", text)) <= ({"secrets.KARST_TOKEN"} if path.name == "deploy.yaml" else set())
    for job in jobs(path).values():
        assert job["timeout-minutes"] <= 240
        rights = job.get("permissions", {})
        assert rights.get("contents", "read") == "read"
        assert {right for right, kind in rights.items() if kind == "write"} <= WRITING
        # Who may write to GitHub is nobody in the cloud, and the reverse.
        assert not ({"pull-requests", "issues"} & rights.keys() and "id-token" in rights)


@pytest.mark.parametrize("path", [*FILES, *ACTIONS], ids=named)
def test_nothing_from_outside_gets_into_a_script(path: Path) -> None:
    document = load(path)
    steps = [step for job in document.get("jobs", {}).values() for step in job["steps"]]
    steps += document.get("runs", {}).get("steps", [])
    assert not [step["run"] for step in steps if "${{" in step.get("run", "")]
    for step in steps:
        if "actions/checkout@" in step.get("uses", ""):
            assert step["with"]["persist-credentials"] is False


@pytest.mark.parametrize("path", FILES, ids=named)
def test_runs_do_not_get_in_each_others_way(path: Path) -> None:
    document = load(path)
    groups = [document.get("concurrency"), *(job.get("concurrency") for job in document["jobs"].values())]
    assert [group for group in groups if group], path


def test_forks_get_no_identity() -> None:
    """Everything that signs in waits for the job that runs for branches of the repository only."""
    for path in FILES:
        for job in jobs(path).values():
            if "id-token" in job.get("permissions", {}):
                assert job["needs"] == "targets"
    plan = jobs(LAB / ".github/workflows/plan.yaml")
    own = "github.event.pull_request.head.repo.full_name == github.repository"
    assert plan["targets"]["if"] == own
    assert plan["fork"]["if"] == own.replace("==", "!=")
    assert plan["fork"].get("permissions", {}) == {}


def test_only_an_approved_job_deploys() -> None:
    for path in FILES:
        for name, job in jobs(path).items():
            deploys = "deploy_account" in str(job)
            assert deploys == ("environment" in job), (named(path), name)
            if deploys:
                assert "pull_request:" not in path.read_text(encoding="utf-8")
                assert job["concurrency"]["cancel-in-progress"] is False


@pytest.mark.parametrize("path", FILES, ids=named)
def test_every_command_exists(path: Path) -> None:
    """With the words that follow it, where it has commands of its own."""
    known = {command.name for command in COMMANDS}
    steps = {command.callback.__name__ for command in review.registered_commands if command.callback}
    scripts = _scripts(path)
    assert ("karst smoke" in scripts) == (path.name == "deploy.yaml")
    for command, word in re.findall(r"(?<![\w./-])karst ([a-z-]+) (\S+)", scripts):
        assert command in known, command
        assert command != "review" or word.strip(')"') in steps, word


def _scripts(path: Path) -> str:
    return "\n".join(step.get("run", "") for job in jobs(path).values() for step in job["steps"])


def test_actionlint(require: Callable[[str], Path], tmp_path: Path) -> None:
    """In folders that are repositories, for it looks at actions beside the workflows."""
    for root in (ROOT, LAB):
        folder = tmp_path / root.name
        shutil.copytree(root / ".github", folder / ".github")
        subprocess.run(["git", "init", "-q", str(folder)], check=True)
        done = subprocess.run(
            [require("actionlint"), "-no-color"], cwd=folder, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stdout) == (0, "")


def test_zizmor(require: Callable[[str], Path]) -> None:
    for root in (ROOT, LAB):
        command = [
            require("zizmor"),
            "--offline",
            "--no-progress",
            "--format",
            "plain",
            "--config",
            ".github/zizmor.yml",
        ]
        done = subprocess.run([*command, ".github"], cwd=root, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


def test_zizmor_sees_a_hole(require: Callable[[str], Path], tmp_path: Path) -> None:
    text = (LAB / ".github/workflows/plan.yaml").read_text(encoding="utf-8")
    planted = text.replace('run: echo "::notice::$NOTICE"', 'run: echo "${{ github.event.pull_request.title }}"')
    planted = planted.replace("  pull_request:\n", "  pull_request_target:\n")
    path = tmp_path / ".github/workflows/plan.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(planted)
    done = subprocess.run(
        [require("zizmor"), "--offline", "--no-progress", "--format", "plain", "."],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert all(hole in done.stdout for hole in ("template-injection", "dangerous-triggers"))


@pytest.mark.parametrize(
    ("line", "is_taken"),
    [
        (f"lab/karst {'0123456789' * 4}", True),
        ("lab/karst main", False),
        (f"lab/karst {'a' * 39}", False),
        (f"$(id) {'0123456789' * 4}", False),
        (f"lab/karst {'0123456789' * 4} more", False),
        ("", False),
    ],
)
def test_the_pin_names_one_commit(tmp_path: Path, line: str, *, is_taken: bool) -> None:
    (step,) = [
        step for step in load(LAB / ".github/actions/karst/action.yaml")["runs"]["steps"] if step.get("id") == "pin"
    ]
    (tmp_path / "karst.pin").write_text(f"{line}\n")
    output = tmp_path / "output"
    done = subprocess.run(
        ["bash", "-e", "-c", step["run"]],
        cwd=tmp_path,
        env={"GITHUB_OUTPUT": str(output)},
        capture_output=True,
        check=False,
    )
    assert (done.returncode == 0) == is_taken
    if is_taken:
        assert output.read_text() == f"repository=lab/karst\ncommit={'0123456789' * 4}\n"
