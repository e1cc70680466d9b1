"""`cdktf diff --plans` leaves what `karst plan-report` reads, and both come to the same verdict."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from karst_cli.plan_report import plan_report
from tests.cdktf.conftest import Project
from tests.guard.made_plans import document, entry

REFUSED = 3
OPENING = {
    "lost": entry("google_storage_bucket.a", "delete", {"deletion_policy": "PREVENT"}),
    "open": entry(
        "google_storage_bucket_iam_member.a", "create", after={"bucket": "b", "role": "r", "member": "allUsers"}
    ),
    "wider": entry("google_project_iam_member.a", "create", after={"role": "r", "member": "user:a"}),
    "unprotected": entry("google_storage_bucket.a", "update", {"versioning": [{"enabled": True}]}, {"versioning": []}),
}


def report(plans: Path, environments: Path) -> int:
    app = typer.Typer()
    app.command()(plan_report)
    return CliRunner().invoke(app, [str(plans), "--environments", str(environments)]).exit_code


@pytest.mark.parametrize("kind", OPENING)
def test_all_come_to_the_same_verdict(project: Project, kind: str) -> None:
    project.behave(**{"show demo-data-h01": {"plan": json.dumps(document(OPENING[kind]))}})
    environments = project.folder / "environments"
    assert project.cdktf("diff", "demo", "--plans", "plans") == REFUSED
    assert project.cdktf("deploy", "demo", "--auto-approve") == REFUSED
    assert project.calls("apply") == []
    assert report(project.folder / "plans", environments) == REFUSED


def test_only_who_planned_may_read_what_is_kept(project: Project) -> None:
    assert project.cdktf("diff", "demo", "--plans", "plans") == 0
    kept = sorted((project.folder / "plans").iterdir())
    assert {path.stem for path in kept} == {
        "demo",
        "demo-apps-blue",
        "demo-data-h01",
        "demo-data-old",
        "demo-foundation",
    }
    assert {path.stat().st_mode & 0o777 for path in kept} == {0o600}
    # Once more, in place of the last.
    assert project.cdktf("diff", "demo", "--plans", "plans") == 0
    assert sorted((project.folder / "plans").iterdir()) == kept


def test_nothing_is_kept_that_nobody_asked_for(project: Project) -> None:
    assert project.cdktf("diff", "demo") == 0
    assert not list(project.folder.rglob("demo.json"))
