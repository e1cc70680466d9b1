"""The same with the real Terraform, whose built-in resource needs neither provider nor cloud."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from karst_platform.testing_programs import missing
from tests.cdktf.conftest import Project
from tests.cdktf.test_shared_causes import ENDPOINT, answering

pytestmark = pytest.mark.needs_terraform


@pytest.fixture
def real(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    (project.folder / "bin" / "terraform").unlink()
    if shutil.which(os.environ.get("TERRAFORM_BINARY_NAME", "terraform")) is None:
        missing("terraform", "terraform is not on PATH (and TERRAFORM_BINARY_NAME names none): nothing was planned")
    shutil.rmtree(project.folder / "cdktf.out")
    return project


def declare(project: Project, declared: Mapping[str, Mapping[str, object]], dependencies: dict[str, list[str]]) -> None:
    project.synthesize(dependencies)
    for name, content in declared.items():
        backend = {"backend": {"local": {"path": f"../../../state/{name}.tfstate"}}}
        path = project.folder / "cdktf.out" / "stacks" / name / "cdk.tf.json"
        path.write_text(json.dumps({"terraform": backend, **content}))


def addresses(project: Project, stack: str) -> list[str]:
    path: Path = project.folder / "state" / f"{stack}.tfstate"
    if not path.exists():
        return []
    return sorted(f"{entry['type']}.{entry['name']}" for entry in json.loads(path.read_text())["resources"])


def test_deploy_change_and_destroy(real: Project, capsys: pytest.CaptureFixture[str]) -> None:
    block = {"resource": {"terraform_data": {"x": {"input": "one"}}}, "output": {"x": {"value": "declared"}}}
    declare(real, {"base": block, "top": block}, {"base": [], "top": ["base"]})
    outputs = real.folder / "outputs.json"
    assert real.cdktf("deploy", "top", "--skip-synth", "--auto-approve", "--outputs-file", str(outputs)) == 0
    assert addresses(real, "base") == addresses(real, "top") == ["terraform_data.x"]
    assert json.loads(outputs.read_text()) == {"base": {"x": "declared"}, "top": {"x": "declared"}}

    capsys.readouterr()
    assert real.cdktf("deploy", "top", "--skip-synth") == 0
    assert "== top: nothing to apply" in capsys.readouterr().out
    assert real.cdktf("diff", "top", "--skip-synth", "-detailed-exitcode") == 0

    declare(real, {"base": block, "top": {}}, {"base": [], "top": ["base"]})
    assert real.cdktf("diff", "top", "--skip-synth", "-detailed-exitcode") == 2
    assert real.cdktf("deploy", "top", "--skip-synth", "--auto-approve") == 0
    assert addresses(real, "top") == []

    assert real.cdktf("destroy", "top", "base", "--skip-synth", "--auto-approve") == 0
    assert addresses(real, "base") == []


def test_a_broken_stack_says_what_to_run_by_hand(real: Project, capsys: pytest.CaptureFixture[str]) -> None:
    broken = {"resource": {"terraform_data": {"x": {"no_such_argument": 1}}}}
    declare(real, {"base": broken}, {"base": []})
    assert real.cdktf("deploy", "--skip-synth", "--auto-approve") == 1
    said = capsys.readouterr().err
    assert "no_such_argument" in said
    assert f"cd {real.folder / 'cdktf.out' / 'stacks' / 'base'} && " in said
    assert addresses(real, "base") == []


@pytest.mark.parametrize(
    ("status", "problem"),
    [
        (401, "Google does not accept the credentials of this machine."),
        (403, "Whoever is signed in may not use the bucket of the state, gs://lab-state."),
        (404, "The bucket of the state, gs://lab-state, does not exist."),
    ],
)
def test_a_bucket_that_refuses_is_told_once_and_can_be_done_without(
    real: Project,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    problem: str,
) -> None:
    block = {"resource": {"terraform_data": {"x": {"input": "one"}}}}
    declare(real, {"base": block, "top": block}, {"base": [], "top": ["base"]})
    for name in ("base", "top"):
        real.content(name, {**block, "terraform": {"backend": {"gcs": {"bucket": "lab-state", "prefix": name}}}})
    monkeypatch.setenv("GOOGLE_OAUTH_ACCESS_TOKEN", "none")
    with answering(status) as endpoint:
        monkeypatch.setenv(ENDPOINT, endpoint)
        assert real.cdktf("diff", "top", "--skip-synth") == 1
        said = capsys.readouterr().err
        assert real.cdktf("diff", "top", "--skip-synth", "--without-state") == 0
    assert said.count(problem) == 1
    assert said.startswith("== base, top: not planned\n")
    assert f"To run it by hand: cd {real.folder / 'cdktf.out' / 'stacks' / 'base'} && " in said
    assert "Initializing" not in said
    assert capsys.readouterr().out.count("Plan: 1 to add, 0 to change, 0 to destroy.") == 2
