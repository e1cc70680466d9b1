"""`karst guard` as people and pipelines run it: exit status, words and JSON."""

from __future__ import annotations

import json
from pathlib import Path

import typer
from typer.testing import CliRunner, Result

from karst_cli.guard import guard
from tests.guard.made_plans import document, entry

PLANS = Path(__file__).parent / "plans"
REFUSED, UNUSABLE = 3, 2


def run(*arguments: str | Path) -> Result:
    app = typer.Typer()
    app.command()(guard)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_harmless_plan() -> None:
    result = run(PLANS / "nothing_changed.json")
    assert (result.exit_code, result.stdout) == (0, "The plan guard has no objection.\n")


def test_refusal_names_object_stack_reason_and_remedy() -> None:
    result = run(PLANS / "block_removed.json", "--stack", "demo-data-h01")
    assert result.exit_code == REFUSED
    assert (
        "refused: demo-data-h01 deletes google_storage_bucket.segmentation: "
        "protected in state: deletion_policy = PREVENT\n"
    ) in result.stdout
    assert '  - address: "google_storage_bucket.segmentation"\n    stack: demo-data-h01\n' in result.stdout


def test_the_remedy_works_when_pasted(tmp_path: Path) -> None:
    """What the guard tells people to write must be what it reads."""
    printed = run(PLANS / "block_removed.json", "--stack", "demo-data-h01").stdout
    example = printed[printed.index("approvals:\n") :].split("\n\n")[0]
    path = tmp_path / "approvals.yaml"
    path.write_text(example + "\n")
    result = run(PLANS / "block_removed.json", "--stack", "demo-data-h01", "--approvals", path)
    assert result.exit_code == 0, result.output


def test_one_refused_of_several() -> None:
    result = run(PLANS / "moved.json", PLANS / "grant_removed.json", "--format", "json")
    assert result.exit_code == REFUSED
    document = json.loads(result.stdout)
    assert document["ok"] is False
    assert [(finding["stack"], finding["decision"]) for finding in document["findings"]] == [
        ("grant_removed", "refused")
    ]


def test_unused_approval_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "approvals.yaml"
    path.write_text("approvals:\n  - {address: a.b, stack: moved, action: delete, reason: gone}\n")
    result = run(PLANS / "moved.json", "--approvals", path)
    assert result.exit_code == 0
    assert "approval not used: a.b in moved (" in result.stdout


def test_an_approval_of_what_the_plan_does_not_hold_says_so_and_what_may_be_meant(tmp_path: Path) -> None:
    path = tmp_path / "approvals.yaml"
    entry = "{address: google_storage_bucket.segmentatoin, stack: demo-data-h01, action: delete, reason: gone}"
    path.write_text(f"approvals:\n  - {entry}\n")
    arguments = (PLANS / "block_removed.json", "--stack", "demo-data-h01", "--approvals", path)
    result = run(*arguments)
    assert result.exit_code == REFUSED
    assert (
        f"approval not used: google_storage_bucket.segmentatoin in demo-data-h01 ({path}:2): take it out, or correct "
        "it if google_storage_bucket.segmentation is meant. The plan holds no such object\n"
    ) in result.stdout
    document = json.loads(run(*arguments, "--format", "json").stdout)
    assert document["approvals_of_unknown_objects"] == document["unused_approvals"]
    assert len(document["unused_approvals"]) == 1


def test_an_approval_of_another_stack_is_told(tmp_path: Path) -> None:
    path = tmp_path / "approvals.yaml"
    path.write_text("approvals:\n  - {address: a.b, stack: movd, action: delete, reason: gone}\n")
    result = run(PLANS / "moved.json", "--approvals", path)
    assert (result.exit_code, result.stderr) == (0, f"{path}:2: none of these plans is of the stack movd\n")


def test_unusable_input(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    path.write_text("{}")
    for arguments in (
        (path,),
        (tmp_path / "absent.json",),
        (PLANS / "moved.json", "--approvals", tmp_path / "absent.yaml"),
    ):
        result = run(*arguments)
        assert result.exit_code == UNUSABLE
        assert "Traceback" not in result.output


def test_stack_option_needs_a_single_plan() -> None:
    result = run(PLANS / "moved.json", PLANS / "moved.json", "--stack", "demo")
    assert result.exit_code == UNUSABLE


def test_an_address_can_not_speak_for_the_guard(tmp_path: Path) -> None:
    path = tmp_path / "demo.json"
    address = "google_storage_bucket.a\nThe plan guard has no objection.\x1b[2J\ud800"
    path.write_text(json.dumps(document(entry(address, "delete", {"deletion_policy": "PREVENT"}))))
    result = run(path)
    assert result.exit_code == REFUSED
    assert "The plan guard has no objection." not in result.stdout.splitlines()
    assert "\x1b" not in result.stdout
