"""`karst new`: what it writes is right at once, and what can't be right isn't written."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from karst.config.loader import load_environment, load_environments
from karst.config.types import Kind
from karst.scaffolding.lab_repository import TEMPLATE, Pin, PinError
from karst_cli.main import create_app

COMMIT = "0123456789abcdef0123456789abcdef01234567"
ANSWERS = {
    "--kinds": "global,local,clio",
    "--project": "kelp-lab",
    "--project-number": "123456789012",
    "--region": "us-east1",
    "--domain": "kelp.example.org",
    "--administrator": "ada@example.org",
}
Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def invoke(what: str, *arguments: object, stdin: str = "") -> tuple[int, str]:
        typed = ["new", what, *map(str, arguments)]
        if what != "repository":
            typed += ["--environments", str(tmp_path / "environments")]
        result = CliRunner().invoke(create_app(typed), typed, input=stdin)
        return result.exit_code, result.output

    return invoke


def answers(**changed: str) -> list[str]:
    given = {**ANSWERS, **{f"--{key.replace('_', '-')}": value for key, value in changed.items()}}
    return [part for pair in given.items() for part in pair]


def valid(folder: Path) -> str:
    typed = ["validate", str(folder)]
    result = CliRunner().invoke(create_app(typed), typed)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.parametrize("kinds", ["global,local,clio", "clio", "global", "local"])
@pytest.mark.parametrize("tier", ["dev", "prod"])
def test_a_deployment_of_each_kind_is_valid_at_once(run: Run, tmp_path: Path, kinds: str, tier: str) -> None:
    code, said = run("deployment", "kelp", *answers(kinds=kinds, tier=tier, global_host="global.example.org"))
    assert code == 0, said
    folder = tmp_path / "environments/kelp"
    assert "1 deployment" in valid(folder)
    lines = (folder / "deployment.yaml").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "# yaml-language-server: $schema=../../docs/schemas/deployment.json"
    assert sum(line.lstrip().startswith("#") for line in lines) >= 7
    written = load_environment(folder).deployment
    assert written.kinds == {Kind(kind) for kind in kinds.split(",")}
    assert (written.gcp.zone, written.dns.zone, written.tier) == ("us-east1-b", "kelp-example-org", tier)


def test_a_second_deployment_of_a_project_makes_nothing_twice(run: Run, tmp_path: Path) -> None:
    assert run("deployment", "kelp", *answers())[0] == 0
    code, said = run("deployment", "moss", *answers())
    assert code == 0, said
    assert "2 deployments" in valid(tmp_path / "environments")
    first, second = load_environments(tmp_path / "environments").values()
    assert (first.deployment.gcp.manage, second.deployment.gcp.manage) == ("create", "existing")
    assert first.deployment.state == second.deployment.state


@pytest.mark.parametrize("first", ["global", "local", "clio"])
@pytest.mark.parametrize("second", ["global", "local", "clio"])
def test_any_two_deployments_share_a_project(run: Run, tmp_path: Path, first: str, second: str) -> None:
    for name, kinds in (("kelp", first), ("moss", second)):
        code, said = run("deployment", name, *answers(kinds=kinds, global_host="global.example.org"))
        assert code == 0, said
    assert "2 deployments" in valid(tmp_path / "environments")


def test_a_name_that_is_taken_is_told(run: Run, tmp_path: Path) -> None:
    assert run("deployment", "kelp", *answers())[0] == 0
    code, said = run("deployment", "kelp", *answers())
    assert code == 2
    assert "exists, and what stands there may have been edited. Take another name, or edit it there" in said


def test_a_dataset_with_a_graph_and_a_flat_segmentation(run: Run, tmp_path: Path) -> None:
    run("deployment", "kelp", *answers())
    code, said = run(
        "dataset",
        "reef",
        *("--images", "precomputed://gs://kelp-em/reef", "--resolution", "8,8,40", "--size", "1024,1024,200"),
        *("--graph", "reef_v1", "--segmentation", "precomputed://gs://kelp-seg/flat"),
    )
    assert code == 0, said
    assert "1 dataset" in valid(tmp_path / "environments/kelp")
    reef = load_environment(tmp_path / "environments/kelp").datasets["reef"]
    assert reef.aligned_volume.resolution_nm == (8, 8, 40)
    assert {name: stack.segmentation.graph for name, stack in reef.datastacks.items()} == {
        "reef": "reef_v1",
        "reef_flat": None,
    }
    assert reef.clio is not None
    again, said = run("dataset", "reef", "--images", "precomputed://gs://kelp-em/x", "--resolution", "4,4,40")
    assert again == 2
    assert "reef.yaml: exists already" in said


@pytest.mark.parametrize(
    ("name", "changed", "code", "message"),
    [
        ("../kelp", {}, 2, "karst new deployment: '../kelp' can't be its name"),
        ("kelp", {"kinds": "cave"}, 2, "there is no kind cave. Write any of global, local, clio"),
        ("kelp", {"kinds": ","}, 2, "it would run nothing"),
        ("kelp", {"tier": "huge"}, 2, "there is no tier huge. Write dev or prod"),
        ("kelp", {"project": "Kelp Lab"}, 4, "deployment.yaml:13: gcp.project: 'Kelp Lab' is no project id"),
        ("kelp", {"administrator": 'x"\n evil: true'}, 4, "is no e-mail address"),
    ],
)
def test_what_cannot_be_is_not_written(
    run: Run, tmp_path: Path, name: str, changed: dict[str, str], code: int, message: str
) -> None:
    ended, said = run("deployment", name, *answers(**changed))
    assert (ended, message in said) == (code, True), said
    assert not (tmp_path / "environments").exists() or list((tmp_path / "environments").iterdir()) == []


def test_an_existing_deployment_stays(run: Run, tmp_path: Path) -> None:
    run("deployment", "kelp", *answers())
    before = (tmp_path / "environments/kelp/deployment.yaml").read_bytes()
    assert run("deployment", "kelp", *answers(domain="other.example.org"))[0] == 2
    assert (tmp_path / "environments/kelp/deployment.yaml").read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--images", "x", "--resolution", "8,8"], "--resolution 8,8 are not three numbers"),
        (["--images", "gs://x", "--resolution", "8,8,40"], "reef.yaml:7: aligned_volume.images"),
        (["--resolution", "8,8,40"], "--images is missing, and nobody is there to be asked"),
        (["--deployment", "moss", "--images", "x", "--resolution", "8,8,40"], "can't be read"),
    ],
)
def test_a_dataset_that_cannot_be_is_not_written(run: Run, tmp_path: Path, arguments: list[str], message: str) -> None:
    run("deployment", "kelp", *answers())
    code, said = run("dataset", "reef", *arguments)
    assert (code in {2, 4}, message in said) == (True, True), said
    assert not (tmp_path / "environments/kelp/datasets").exists()


def test_which_deployment_gets_a_dataset_is_said_where_there_are_several(run: Run) -> None:
    given = ["--images", "precomputed://gs://kelp-em/reef", "--resolution", "8,8,40"]
    assert "begin with: karst new deployment NAME" in run("dataset", "reef", *given)[1]
    run("deployment", "kelp", *answers())
    run("deployment", "moss", *answers(kinds="clio"))
    assert "by --deployment NAME (known: kelp, moss)" in run("dataset", "reef", *given)[1]


def test_a_repository_holds_workflows_schemas_and_the_pinned_karst(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "lab"
    code, said = run("repository", folder, "--karst", f"kelp/karst@{COMMIT}")
    assert code == 0, said
    assert (folder / "karst.pin").read_text(encoding="utf-8") == f"kelp/karst {COMMIT}\n"
    for path in TEMPLATE.rglob("*"):
        assert (folder / path.relative_to(TEMPLATE)).exists(), path
    for workflow in (folder / ".github/workflows").glob("*.yaml"):
        assert yaml.safe_load(workflow.read_text(encoding="utf-8"))["permissions"] == {}
    assert (folder / "docs/schemas/deployment.json").is_file()
    assert run("repository", folder, "--karst", f"kelp/karst@{COMMIT}")[0] == 2


def test_renewing_a_repository_leaves_what_people_wrote(run: Run, tmp_path: Path) -> None:
    run("repository", tmp_path, "--karst", f"kelp/karst@{COMMIT}")
    (tmp_path / "README.md").write_text("ours", encoding="utf-8")
    (tmp_path / "Makefile").write_text("older", encoding="utf-8")
    newer = COMMIT[::-1]
    code, said = run("repository", tmp_path, "--renew", "--karst", f"kelp/karst@{newer}")
    assert code == 0, said
    assert (tmp_path / "README.md").read_text(encoding="utf-8") == "ours"
    assert (tmp_path / "Makefile").read_bytes() == (TEMPLATE / "Makefile").read_bytes()
    assert newer in (tmp_path / "karst.pin").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "remote", ["https://github.com/kelp/karst.git", "git" + "@github.com:kelp/karst", "https://github.com/kelp/karst/"]
)
def test_the_pin_of_a_checkout(remote: str) -> None:
    assert Pin.of_checkout(remote, COMMIT).line == f"kelp/karst {COMMIT}\n"


@pytest.mark.parametrize(
    "text", ["kelp/karst", "kelp/karst@main", f"kelp/karst@{COMMIT}\n", f"../x@{COMMIT}", f"a b/c@{COMMIT}"]
)
def test_what_is_no_commit_is_refused(text: str) -> None:
    with pytest.raises(PinError, match="all 40 digits"):
        Pin.parse(text)


def test_a_repository_elsewhere_than_on_github_has_no_pin() -> None:
    with pytest.raises(PinError, match="no remote on GitHub"):
        Pin.of_checkout("https://git.example.org/kelp/karst", COMMIT)


def test_a_repository_fetches_the_karst_of_its_pin(tmp_path: Path, run: Run) -> None:
    upstream, folder = tmp_path / "upstream", tmp_path / "lab"
    upstream.mkdir()
    (upstream / "Makefile").write_text("setup:\n\t@echo installed > done\n", encoding="utf-8")
    commit = _committed(upstream)
    run("repository", folder, "--karst", f"kelp/karst@{commit}")
    subprocess.run(["make", "-C", str(folder), "setup", f"KARST_REMOTE={upstream}"], check=True, capture_output=True)
    assert (folder / ".karst/done").read_text(encoding="utf-8") == "installed\n"
    subprocess.run(["make", "-C", str(folder), "setup", f"KARST_REMOTE={upstream}"], check=True, capture_output=True)


def test_questions_are_asked_at_a_terminal_only() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "karst_cli.main", "new", "deployment", "kelp"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "karst new: --project is missing, and nobody is there to be asked" in done.stderr


def _committed(folder: Path) -> str:
    identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    for arguments in (["init", "-q"], ["add", "."], [*identity, "commit", "-qm", "first"]):
        subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True)
    found = subprocess.run(["git", "-C", str(folder), "rev-parse", "HEAD"], check=True, capture_output=True, text=True)
    return found.stdout.strip()
