"""`karst review`, as workflows call it; the toolkit's work is played, GitHub is a fake on loopback."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from karst.plan.markdown import MARKER
from karst.review.outcome import DRIFT_MARKER, LIMIT_CHARS
from karst_cli import cdktf
from karst_cli.review import layers_of, review
from karst_cli.stack_graph import Stack
from tests.guard.made_plans import document, entry
from tests.review.fake_github import TOKEN, FakeGitHub, serving

ENVIRONMENTS = Path(__file__).parents[2] / "environments"
SECRET = "correct-horse-battery-staple"
CHANGED = entry("google_compute_firewall.a", "update", {"priority": 1}, {"priority": 2})
LOSING = entry("google_storage_bucket.a", "delete", {"deletion_policy": "PREVENT"})


def run(*words: str | Path, **environment: str) -> Result:
    return CliRunner().invoke(review, [str(word) for word in words], env=dict(environment))


@pytest.fixture
def fake() -> Iterator[FakeGitHub]:
    with serving(FakeGitHub()) as running:
        yield running


def github(fake: FakeGitHub) -> dict[str, str]:
    return {"GITHUB_REPOSITORY": "lab/karst", "GITHUB_TOKEN": TOKEN, "GITHUB_API_URL": fake.url}


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[list[str]]]:
    """Play `cdktf`: it leaves these plans, prints a value as Terraform does, and ends with these statuses."""

    def play(*statuses: int, plans: dict[str, Any] | None = None) -> list[list[str]]:
        calls: list[list[str]] = []
        left = list(statuses)

        def cdktf_run(words: list[str], _: Path) -> int:
            calls.append(list(words))
            print(f"  + password = {SECRET}")
            if "--plans" in words:
                folder = Path(words[words.index("--plans") + 1])
                for stack, content in (plans or {}).items():
                    (folder / f"{stack}.json").write_text(json.dumps(content))
            return left.pop(0)

        monkeypatch.setattr(cdktf, "run", cdktf_run)
        return calls

    return play


def test_targets_are_those_that_name_a_repository(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    (folder / "datasets").mkdir(parents=True)
    deployment = yaml.safe_load((ENVIRONMENTS / "demo/deployment.yaml").read_text())
    path = folder / "deployment.yaml"
    path.write_text(yaml.safe_dump(deployment))
    assert run("targets", "--environments", tmp_path).stdout == "[]\n"
    named = {"ci": {"repository": "lab/karst", "environment": "production"}, "state": {"bucket": "lab-karst-state"}}
    path.write_text(yaml.safe_dump(deployment | named))
    result = run("targets", "--environments", tmp_path)
    assert result.stdout.count("\n") == 1
    (target,) = json.loads(result.stdout)
    assert (target["name"], target["environment"]) == ("demo", "production")
    assert target["url"] == "https://demo.demo.example.org"
    assert target["plan_account"] != target["deploy_account"]
    assert target["plan_provider"] != target["deploy_provider"]
    path.write_text("name: [")
    assert run("targets", "--environments", tmp_path).exit_code == 2


@pytest.mark.parametrize(
    ("status", "content", "word", "ends"),
    [
        (0, document() | {"applyable": False}, "clean", 0),
        (0, document(CHANGED), "changes", 0),
        (0, document(), "changes", 0),
        (3, document(LOSING), "refused", 3),
    ],
)
def test_a_plan_leaves_a_report_and_a_word(
    tmp_path: Path, played: Callable[..., Any], status: int, content: object, word: str, ends: int
) -> None:
    calls = played(status, plans={"demo": content})
    result = run("plan", "demo", "--output", tmp_path / "out", "--environments", tmp_path)
    assert result.exit_code == ends, result.output
    assert json.loads((tmp_path / "out/outcome.json").read_text()) == {"deployment": "demo", "outcome": word}
    assert (tmp_path / "out/report.md").read_text().startswith(MARKER)
    assert (tmp_path / "out/report.html").exists()
    assert SECRET not in result.output
    assert calls[0][:4] == ["diff", "demo", "--only", "demo"]
    assert not Path(calls[0][calls[0].index("--plans") + 1]).exists()


def test_a_plan_that_fails_says_so(tmp_path: Path, played: Callable[..., Any]) -> None:
    played(1)
    result = run("plan", "demo", "--output", tmp_path / "out", "--environments", tmp_path)
    assert result.exit_code == 1
    assert json.loads((tmp_path / "out/outcome.json").read_text())["outcome"] == "failed"


def outcome(folder: Path, name: str, word: str, report: str = "## Plan") -> None:
    (folder / f"report-{name}").mkdir(parents=True)
    (folder / f"report-{name}/outcome.json").write_text(json.dumps({"deployment": name, "outcome": word}))
    (folder / f"report-{name}/report.md").write_text(f"{MARKER}\n{report}\n")


def test_one_comment_of_all_deployments(tmp_path: Path, fake: FakeGitHub) -> None:
    outcome(tmp_path, "demo", "changes", "## Plan: 1 changed")
    outcome(tmp_path, "clio", "clean", "## Plan: nothing changes")
    targets = json.dumps([{"name": "clio"}, {"name": "demo"}, {"name": "lost"}])
    run_of = {"GITHUB_SERVER_URL": "https://github.example.org", "GITHUB_RUN_ID": "7", "HEAD_COMMIT": "abc123"}
    for _ in range(2):
        result = run("comment", tmp_path, PULL_REQUEST="5", TARGETS=targets, **github(fake), **run_of)
        assert result.exit_code == 0, result.output
    (comment,) = fake.comments[5]
    body = comment["body"]
    assert body.startswith(f"{MARKER}\n# clio: clean\n\n## Plan: nothing changes")
    assert "# lost: failed" in body
    assert body.count(MARKER) == 1
    assert "[The run of abc123](https://github.example.org/lab/karst/actions/runs/7)" in body


def test_long_reports_of_many_deployments_fit(tmp_path: Path, fake: FakeGitHub) -> None:
    for number in range(30):
        outcome(tmp_path, f"d{number}", "changes", f"## Plan {number}\n### Cost\n{'x' * 50_000}")
    assert run("comment", tmp_path, PULL_REQUEST="5", **github(fake)).exit_code == 0
    body = fake.comments[5][0]["body"]
    assert len(body) <= LIMIT_CHARS + 1000
    assert all(f"## Plan {number}\n" in body for number in range(30))


def test_one_issue_about_drift_that_closes_when_all_is_clean(tmp_path: Path, fake: FakeGitHub) -> None:
    first, second = tmp_path / "one", tmp_path / "two"
    outcome(first, "demo", "changes", "## Plan: 1 changed")
    outcome(first, "clio", "clean", "## Plan: nothing changes")
    targets = json.dumps([{"name": "clio"}, {"name": "demo"}, {"name": "lost"}])
    assert run("drift", first, TARGETS=targets, **github(fake)).exit_code == 0
    (issue,) = fake.issues
    assert issue["title"] == "Drift: 1 deployment differs from what is declared, 1 deployment could not be planned"
    assert issue["body"].startswith(DRIFT_MARKER)
    assert "clio" not in issue["body"]
    outcome(second, "demo", "clean")
    outcome(second, "clio", "clean")
    outcome(second, "lost", "clean")
    result = run("drift", second, TARGETS=targets, **github(fake))
    assert (result.exit_code, issue["state"]) == (0, "closed"), result.output


@pytest.mark.parametrize(
    ("targets", "says"),
    [("nothing", "TARGETS is not what"), ("[1]", "TARGETS is not what"), ("[]", "no job left a report")],
)
def test_what_jobs_must_leave(tmp_path: Path, targets: str, says: str) -> None:
    result = run("comment", tmp_path, PULL_REQUEST="5", TARGETS=targets)
    assert (result.exit_code, says in result.stderr) == (2, True)


def test_a_damaged_outcome(tmp_path: Path) -> None:
    outcome(tmp_path, "demo", "splendid")
    result = run("drift", tmp_path)
    assert (result.exit_code, "is not what `karst review plan` leaves" in result.stderr) == (2, True)


def stack(name: str, *needs: str, is_removal: bool = False) -> Stack:
    return Stack(name=name, folder=Path(name), dependencies=frozenset(needs), is_removal=is_removal)


STACKS = {
    one.name: one
    for one in (
        stack("d", "d-apps-blue", "d-run", "d-foundation"),
        stack("d-apps-blue", "d-cluster-blue", "d-data-a"),
        stack("d-cluster-blue", "d-foundation"),
        stack("d-data-a", "d-foundation"),
        stack("d-data-old", "d-foundation", is_removal=True),
        stack("d-foundation"),
        stack("d-run", "d-foundation"),
    )
}
LAYERS = [["d-foundation"], ["d-cluster-blue", "d-data-a", "d-run"], ["d-apps-blue"], ["d"], ["d-data-old"]]


def test_layers() -> None:
    assert layers_of(STACKS) == LAYERS
    assert layers_of({}) == []


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> None:
    def stacks_of(output: Path) -> dict[str, Stack]:
        assert output.name == "cdktf.out"
        return STACKS

    monkeypatch.setattr("karst_cli.stack_graph.read_stacks", stacks_of)


@pytest.mark.usefixtures("read")
def test_a_deployment_goes_layer_by_layer(tmp_path: Path, played: Callable[..., Any]) -> None:
    calls = played(*[0] * 6)
    result = run("deploy", "d", "--environments", tmp_path)
    assert result.exit_code == 0, result.output
    assert SECRET not in result.output
    assert calls[0][0] == "diff"
    stacks = [call[1 : call.index("--only")] for call in calls[1:]]
    assert stacks == LAYERS
    together = [call[call.index("--parallelism") + 1] for call in calls[1:]]
    assert together == ["1", "1", "4", "4", "1"]


@pytest.mark.usefixtures("read")
def test_a_layer_that_fails_is_the_last(tmp_path: Path, played: Callable[..., Any]) -> None:
    calls = played(0, 0, 1)
    result = run("deploy", "d", "--environments", tmp_path)
    assert result.exit_code == 1
    assert len(calls) == 3
    assert "Layers 1 to 1 are deployed; this one is not whole" in result.stderr


@pytest.mark.usefixtures("read")
def test_nothing_is_deployed_where_the_guard_refuses(tmp_path: Path, played: Callable[..., Any]) -> None:
    calls = played(3)
    result = run("deploy", "d", "--environments", tmp_path)
    assert (result.exit_code, len(calls)) == (3, 1)
    assert "so nothing is deployed" in result.stderr
