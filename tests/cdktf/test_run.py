"""What `cdktf` runs, in which order, and what it does when a step fails or is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cdktf.conftest import Project

PROTECTED_DELETE = json.dumps(
    {
        "format_version": "1.2",
        "resource_changes": [
            {
                "address": "google_storage_bucket.images",
                "type": "google_storage_bucket",
                "change": {"actions": ["delete"], "before": {"deletion_policy": "PREVENT"}, "after": None},
            }
        ],
    }
)
DEPLOYED = {"demo-foundation", "demo-apps-blue", "demo-data-h01", "demo", "demo-data-old"}


def test_deploy_adds_dependencies_in_order_and_removes_last(project: Project) -> None:
    assert project.cdktf("deploy", "demo", "--auto-approve") == 0
    applied = project.calls("apply")
    assert set(applied) == DEPLOYED
    assert len(applied) == len(DEPLOYED)
    assert applied[0] == "demo-foundation"
    assert applied[-2:] == ["demo", "demo-data-old"]


def test_nothing_is_applied_before_everything_is_planned(project: Project) -> None:
    assert project.cdktf("deploy", "demo", "--auto-approve") == 0
    commands = [call[1] for call in project.all_calls()]
    assert commands.index("apply") > max(index for index, command in enumerate(commands) if command == "show")


def test_the_saved_plan_is_applied_and_then_removed(project: Project) -> None:
    assert project.cdktf("deploy", "other", "--auto-approve") == 0
    assert ["other", "apply", "-input=false", "-no-color", "karst.tfplan"] in project.all_calls()
    assert (project.folder / "applied-other").read_text() == "other"
    assert not list(project.folder.rglob("karst.tfplan"))


def test_one_refused_plan_stops_all(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    project.behave(**{"show demo-data-h01": {"plan": PROTECTED_DELETE}})
    assert project.cdktf("deploy", "demo", "--auto-approve") == 3
    assert project.calls("apply") == []
    assert "refused: demo-data-h01 deletes google_storage_bucket.images" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["diff", "destroy"])
def test_diff_and_destroy_are_guarded(project: Project, command: str) -> None:
    project.behave(**{"show other": {"plan": PROTECTED_DELETE}})
    assert project.cdktf(command, "other", "--auto-approve") == 3
    assert project.calls("apply") == []


def test_approval_beside_the_deployment_counts(project: Project) -> None:
    project.behave(**{"show other": {"plan": PROTECTED_DELETE}})
    path = project.folder / "environments" / "other" / "approvals.yaml"
    path.parent.mkdir(parents=True)
    entry = "{address: google_storage_bucket.images, stack: other, action: delete, reason: moved}"
    path.write_text(f"approvals:\n  - {entry}\n")
    assert project.cdktf("deploy", "other", "--auto-approve") == 0
    assert project.calls("apply") == ["other"]


def test_an_unreadable_plan_is_never_applied(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    project.behave(**{"show other": {"plan": PROTECTED_DELETE[:-20]}})
    assert project.cdktf("deploy", "other", "--auto-approve") == 1
    assert project.calls("apply") == []
    assert "plan of other: is no JSON, or was cut off" in capsys.readouterr().err


def test_diff_plans_dependencies_and_applies_nothing(project: Project) -> None:
    assert project.cdktf("diff", "demo") == 0
    assert set(project.calls("plan")) == DEPLOYED
    assert project.calls("apply") == []


def test_destroy_takes_the_named_stacks_backwards(project: Project) -> None:
    names = ["demo-foundation", "demo-apps-blue", "demo-data-h01", "demo-data-old", "demo"]
    assert project.cdktf("destroy", *names, "--auto-approve") == 0
    applied = project.calls("apply")
    assert (applied[0], applied[-1]) == ("demo", "demo-foundation")
    assert all("-destroy" in call for call in project.all_calls() if call[1] == "plan")


def test_destroy_never_adds_a_stack(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert project.cdktf("destroy", "demo", "--auto-approve") == 0
    assert project.calls("apply") == ["demo"]
    assert project.cdktf("destroy", "demo-foundation", "--auto-approve") == 2
    assert "depend on what would be destroyed: demo, demo-apps-blue" in capsys.readouterr().err
    assert project.cdktf("destroy", "demo-foundation", "--auto-approve", "--ignore-missing-stack-dependencies") == 0


def test_exactly_the_named_stack_on_request(project: Project) -> None:
    assert project.cdktf("deploy", "demo", "--auto-approve", "--ignore-missing-stack-dependencies") == 0
    assert project.calls("plan") == ["demo"]


def test_a_failed_apply_stops_only_what_waits_for_it(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    project.behave(**{"apply demo-data-h01": {"status": 1, "stderr": "quota exceeded"}})
    assert project.cdktf("deploy", "demo", "--auto-approve") == 1
    assert set(project.calls("apply")) == {"demo-foundation", "demo-data-h01", "demo-apps-blue"}
    said = capsys.readouterr().err
    folder = project.folder / "cdktf.out" / "stacks" / "demo-data-h01"
    assert "quota exceeded" in said
    assert f"To run it by hand: cd {folder} && {project.folder / 'bin' / 'terraform'} plan -input=false" in said
    assert "== demo: not deployed, waits for demo-data-h01" in said
    assert "== demo-data-old: not deployed" in said


def test_a_failed_plan_stops_everything(project: Project) -> None:
    project.behave(**{"plan demo-apps-blue": {"status": 1}})
    assert project.cdktf("deploy", "demo", "--auto-approve") == 1
    assert project.calls("apply") == []


def test_state_lock_is_explained(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    project.behave(**{"plan other": {"status": 1, "stderr": "Error: Error acquiring the state lock\nID: 17"}})
    assert project.cdktf("diff", "other") == 1
    assert "terraform force-unlock ID" in capsys.readouterr().err


def test_nobody_to_ask(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert project.cdktf("deploy", "other") == 1
    assert project.calls("apply") == []
    assert "Add --auto-approve" in capsys.readouterr().err


def test_dry_run_prints_and_runs_nothing(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert project.cdktf("deploy", "demo", "--dry-run", "--parallelism", "2") == 0
    assert project.all_calls() == []
    said = capsys.readouterr().out
    assert said.startswith("deploy would run these stacks, 2 at a time:\n1. demo-foundation\n2. demo-apps-blue after ")
    assert "5. demo-data-old (removal) after demo, demo-apps-blue, demo-data-h01, demo-foundation\n" in said
    assert "plan -input=false -no-color -out=karst.tfplan\n" in said


def test_flags_reach_the_program_they_are_for(project: Project) -> None:
    words = [
        "-refresh=false",
        "--var",
        "a=b",
        "-target",
        "x.y",
        "--refresh-only",
        "--app",
        "python other.py",
        "--novelty",
    ]
    assert project.cdktf("diff", "other", *words, "--environments", "lab", "--only", "demo", "--only", "other") == 0
    plan = next(call for call in project.all_calls() if call[1] == "plan")
    assert plan[4:] == ["-refresh=false", "-var=a=b", "-target=x.y", "-refresh-only", "-out=karst.tfplan"]
    [(synth, environment)] = project.toolkit_calls()
    assert synth == ["synth", "--output", "cdktf.out", "--app", "python other.py", "--novelty"]
    assert project.application_calls() == []
    assert (environment["KARST_ENVIRONMENTS"], environment["KARST_ONLY"]) == ("lab", "other")
    assert Path(environment["JSII_NODE"] or "").is_file()


@pytest.mark.parametrize("words", [["provider", "list"], ["output", "demo"], ["watch"], ["get"]])
def test_other_commands_are_handed_over(project: Project, words: list[str]) -> None:
    assert project.cdktf(*words, "--environments=lab") == 0
    [(handed, environment)] = project.toolkit_calls()
    assert (handed, environment["KARST_ENVIRONMENTS"]) == (words, "lab")


def test_the_toolkits_status_is_ours(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_CDKTN_STATUS", "7")
    assert project.cdktf("provider", "list") == 7
    assert project.cdktf("deploy", "demo", "--auto-approve", "--hcl") == 1
    assert project.all_calls() == []


def test_outputs_file_leaves_secrets_out(project: Project) -> None:
    path = project.folder / "outputs.json"
    assert project.cdktf("deploy", "other", "--auto-approve", "--outputs-file", str(path)) == 0
    assert json.loads(path.read_text()) == {"other": {"url": "https://other"}}


def test_patterns(project: Project) -> None:
    assert project.cdktf("diff", "demo-data-*", "--skip-synth") == 0
    assert set(project.calls("plan")) == {"demo-foundation", "demo-data-h01", "demo-data-old"}
    assert project.toolkit_calls() == []
