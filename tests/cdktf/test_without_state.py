"""`cdktf diff --without-state`: a plan for somebody who has neither credentials nor the bucket of the state."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cdktf.conftest import Project

STACK = {
    "import": [{"id": "x", "to": "terraform_data.x"}],
    "provider": {"google": [{"project": "p"}, {"alias": "b", "credentials": "k"}], "kubernetes": [{"host": "h"}]},
    "resource": {"terraform_data": {"x": {}}},
    "terraform": {"backend": {"gcs": {"bucket": "lab-state"}}, "required_version": ">= 1.11"},
}


def scratch(project: Project) -> Path:
    return project.folder / "cdktf.out" / "without-state" / "other"


def test_a_copy_is_planned_that_asks_no_cloud(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    project.content("other", STACK)
    original = project.folder / "cdktf.out" / "stacks" / "other"
    before = (original / "cdk.tf.json").read_bytes()
    (original / ".terraform").mkdir()
    (original / ".terraform" / "terraform.tfstate").write_text("the bucket")
    (original / "assets").mkdir()
    (original / "assets" / "page").write_text("hello")
    assert project.cdktf("diff", "other", "--without-state") == 0
    assert (original / "cdk.tf.json").read_bytes() == before
    assert json.loads((scratch(project) / "cdk.tf.json").read_text()) == {
        "provider": {
            "google": [{"project": "p", "access_token": "none"}, {"alias": "b", "access_token": "none"}],
            "kubernetes": [{"host": "h"}],
        },
        "resource": STACK["resource"],
        "terraform": {"required_version": ">= 1.11"},
    }
    assert (scratch(project) / "assets" / "page").read_text() == "hello"
    assert not (scratch(project) / ".terraform").exists()
    assert project.calls("plan") == ["other"]
    said = capsys.readouterr().out
    assert said.startswith("Planning from an empty state, without credentials")
    assert "Imports are left out (1)" in said


def test_dependencies_are_planned_the_same_way(project: Project) -> None:
    assert project.cdktf("diff", "demo-data-h01", "--without-state") == 0
    folders = {path.name for path in (project.folder / "cdktf.out" / "without-state").iterdir()}
    assert folders == {"demo-data-h01", "demo-foundation"} == set(project.calls("plan"))


def test_an_earlier_copy_is_replaced(project: Project) -> None:
    assert project.cdktf("diff", "other", "--without-state") == 0
    (scratch(project) / "left.tf.json").write_text("{}")
    assert project.cdktf("diff", "other", "--without-state") == 0
    assert not (scratch(project) / "left.tf.json").exists()


@pytest.mark.parametrize("command", ["deploy", "destroy"])
def test_never_to_apply(project: Project, capsys: pytest.CaptureFixture[str], command: str) -> None:
    assert project.cdktf(command, "other", "--without-state", "--auto-approve") == 2
    assert f"--without-state only plans: {command} needs the state" in capsys.readouterr().err
    assert project.all_calls() == []


def test_what_fails_can_be_run_by_hand_in_the_copy(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    project.behave(**{"plan other": {"status": 1, "stderr": "Error: bad"}})
    assert project.cdktf("diff", "other", "--without-state") == 1
    assert f"To run it by hand: cd {scratch(project)} && " in capsys.readouterr().err
    assert (scratch(project) / "cdk.tf.json").is_file()
