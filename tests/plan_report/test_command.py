"""`karst plan-report` as people and pipelines run it: files, folders, exit status, and what changed."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from karst.plan.reader import MAX_BYTES
from karst_cli.plan_report import plan_report
from tests.guard.made_plans import document, entry

PLANS = Path(__file__).parents[1] / "guard" / "plans"
ENVIRONMENTS = Path(__file__).parents[2] / "environments"
FINE, UNUSABLE, REFUSED = 0, 2, 3
SECRET = "correct-horse-battery-staple"


def run(*arguments: str | Path) -> Result:
    app = typer.Typer()
    app.command()(plan_report)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_exit_status_agrees_with_the_guard() -> None:
    assert run(PLANS / "nothing_changed.json").exit_code == FINE
    assert run(PLANS / "nothing_changed.json", PLANS / "block_removed.json").exit_code == REFUSED


def test_a_folder_of_plans_in_each_form(tmp_path: Path) -> None:
    for name in ("one.json", "stacks/two/plan.json", "three/tfplan.json"):
        path = tmp_path / "plans" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(document()))
    result = run(tmp_path / "plans")
    assert result.exit_code == FINE
    assert all(f"| `{stack}` |" in result.stdout for stack in ("one", "two", "three"))


def test_approvals_of_the_environments_count(tmp_path: Path) -> None:
    folder = tmp_path / "environments" / "demo"
    folder.mkdir(parents=True)
    (folder / "approvals.yaml").write_text(
        "approvals:\n  - {address: google_storage_bucket.segmentation, stack: demo, action: delete, reason: moved}\n"
    )
    plan = tmp_path / "demo.json"
    plan.write_text((PLANS / "block_removed.json").read_text())
    result = run(plan)
    assert (result.exit_code, "approved by name" in result.stdout) == (FINE, True)
    assert run(plan, "--environments", tmp_path / "none").exit_code == REFUSED


def test_what_it_prints_to_paste_is_what_it_reads(tmp_path: Path) -> None:
    plan = tmp_path / "demo.json"
    for name in ("whole_destroy", "dataset_retired", "grant_replaced", "deposed_bucket"):
        plan.write_text((PLANS / f"{name}.json").read_text())
        printed = run(plan).stdout.partition("```yaml\n")[2].partition("```")[0]
        path = tmp_path / "approvals.yaml"
        path.write_text(printed)
        result = run(plan, "--approvals", path)
        assert result.exit_code == FINE, result.output


def test_both_forms_are_written(tmp_path: Path) -> None:
    markdown, html = tmp_path / "report.md", tmp_path / "report.html"
    plan = PLANS / "block_removed.json"
    result = run(plan, "--markdown", markdown, "--html", html)
    assert markdown.read_text() == result.stdout
    assert run(plan, "--format", "html").stdout == html.read_text()
    assert run(plan, "--html", tmp_path / "no/folder.html").exit_code == UNUSABLE


UNREADABLE = {
    "": "is empty",
    "{": "is no JSON, or was cut off",
    f'{{"{SECRET}": ': "is no JSON, or was cut off",
    json.dumps({"format_version": "2.0"}): "has plan format 2.0, and this version of Karst reads 1.x",
    json.dumps({"format_version": SECRET}): "has plan format of another kind",
    json.dumps(document(entry("a.b", f"delete/{SECRET}"))): "has actions that this version of Karst does not know",
    json.dumps({"format_version": "1.2", SECRET: 1}): "holds no plan",
    json.dumps(document(entry("a.b", "update", {}, {})) | {"errored": True}): "planning failed",
    json.dumps(document(entry("a.b", "update", {}, {}, after_unknown=SECRET))): "marks no attributes",
    '{"format_version": "1.2", "resource_changes": [{"address": "a.b", "type": "a", "change": {"actions": ["update"], '
    f'"before": {{}}, "after": {{"a": {"[" * 70}{"]" * 70}}}}}}}]}}': "nests deeper than 64 levels",
    "[" * 100_000: "is no JSON, or was cut off",
}


@pytest.mark.parametrize("text", UNREADABLE, ids=UNREADABLE.values())
def test_what_is_no_plan_is_refused_and_not_repeated(tmp_path: Path, text: str) -> None:
    path = tmp_path / "demo.json"
    path.write_text(text)
    result = run(path)
    assert result.exit_code == UNUSABLE
    assert result.stdout == ""
    assert UNREADABLE[text] in result.stderr
    assert SECRET not in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(("mib", "said"), [(65, f"larger than {MAX_BYTES >> 20} MiB"), (500, "500 MiB together, more")])
def test_a_huge_file_is_not_read(tmp_path: Path, mib: int, said: str) -> None:
    path = tmp_path / "demo.json"
    with path.open("wb") as stream:
        stream.truncate(mib << 20)
    result = run(path)
    assert (result.exit_code, said in result.stderr) == (UNUSABLE, True)


def test_files_that_cannot_be_a_set(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "demo.json").write_text(json.dumps(document()))
    assert "Name each plan after its stack, and once" in run(tmp_path / "a", tmp_path / "b").stderr
    (tmp_path / "c").mkdir()
    result = run(tmp_path / "c")
    assert (result.exit_code, "holds no plan. Fill it with `cdktf diff NAME --plans" in result.stderr) == (
        UNUSABLE,
        True,
    )


def git(folder: Path, *arguments: str) -> None:
    identity = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.org"}
    identity |= {"GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example.org", "GIT_CONFIG_GLOBAL": os.devnull}
    subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, env={**os.environ, **identity})


def test_which_changed_file_reaches_which_stack(tmp_path: Path) -> None:
    """In a repository of environments alone, as a lab has it."""
    root = tmp_path / "lab"
    for name in ("deployment.yaml", "datasets/tiny.yaml"):
        path = root / "environments" / "demo" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text((ENVIRONMENTS / "demo" / name).read_text())
    git(root.parent, "init", "-q", "-b", "main", str(root))
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "one")
    git(root, "checkout", "-q", "-b", "change")
    dataset = root / "environments/demo/datasets/tiny.yaml"
    assert "\non_removal: delete\n" in dataset.read_text()
    dataset.write_text(dataset.read_text().replace("on_removal: delete", "on_removal: keep"))
    (root / "README.md").write_text("x")
    plans = root / "plans"
    plans.mkdir()
    for stack in ("demo-data-tiny", "demo-cluster-blue"):
        changed = entry("google_compute_firewall.a", "update", {"priority": 1}, {"priority": 2})
        (plans / f"{stack}.json").write_text(json.dumps(document(changed)))
    os.chdir(root)
    result = run("plans", "--against", "main")
    assert result.exit_code == FINE, result.output
    said = "`environments/demo/datasets/tiny.yaml` (declares the dataset; differs: on_removal)"
    assert f"- `demo-data-tiny`: {said}" in result.stdout
    assert "- `demo-cluster-blue`: no changed file reaches it: something else changed it" in result.stdout
    assert "- `demo-apps-blue` (no plan here): `environments/demo/datasets/tiny.yaml`" in result.stdout
    assert "- reach no stack: `README.md`" in result.stdout
    unknown = run("plans", "--against", "--output=x")
    assert (unknown.exit_code, "git knows nothing of '--output=x'" in unknown.stderr) == (UNUSABLE, True)
