"""Missing programs, broken output of synthesis, mistyped names: a plain sentence each, and never a traceback."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from karst_cli import toolkit
from tests.cdktf.conftest import Project


def refuse(project: Project, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert project.cdktf(*words) == 2
    assert project.calls("apply") == []
    return capsys.readouterr().err


def test_missing_manifest(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    (project.folder / "cdktf.out" / "manifest.json").unlink()
    said = refuse(project, capsys, "diff", "demo", "--skip-synth")
    assert "manifest.json: is missing. Remove the folder and synthesize again" in said


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is no valid JSON"),
        ("[" * 100_000, "is no valid JSON"),
        ("[]", "holds no object"),
        ("{}", "names no stacks"),
        ('{"stacks": {"demo": 1}}', "says nothing usable about 'demo'"),
        ('{"stacks": {"demo": {"workingDirectory": 1}}}', "says nothing usable about 'demo'"),
        ('{"stacks": {}}', "The application has no stacks"),
    ],
)
def test_broken_manifest(project: Project, capsys: pytest.CaptureFixture[str], text: str, message: str) -> None:
    project.manifest(text)
    assert message in refuse(project, capsys, "diff", "demo")


def test_stack_folder_gone(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree(project.folder / "cdktf.out" / "stacks" / "other")
    assert "the folder of stack other is gone" in refuse(project, capsys, "diff", "demo")


def test_stack_file_broken(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    (project.folder / "cdktf.out" / "stacks" / "other" / "cdk.tf.json").write_text("{")
    assert "cdk.tf.json: is no valid JSON" in refuse(project, capsys, "diff", "demo")


def test_circle(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    project.synthesize({"a": ["b"], "b": ["a"]})
    assert "Stacks depend on each other in a circle: " in refuse(project, capsys, "diff", "a")


def test_unknown_dependency(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    project.synthesize({"a": ["gone"]})
    assert "a depends on gone, which is not in the manifest" in refuse(project, capsys, "diff", "a")


def test_unknown_stack(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    said = refuse(project, capsys, "deploy", "demo-foundaton")
    assert said == "There is no stack 'demo-foundaton'. Did you mean 'demo-foundation'?\n"


def test_no_stack_named(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert refuse(project, capsys, "deploy").startswith("Name one or more stacks: demo, demo-apps-blue, ")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--parallelism", "0"], "--parallelism is '0'. Write how many stacks run at a time, 1 or more."),
        (["--parallelism"], "--parallelism needs a value after it."),
        (["-out=x"], "-out is Karst's own"),
        (["-destroy"], "Use `cdktf destroy STACK`."),
        (["--skip-synth", "--novelty"], "--novelty goes to synthesis, which --skip-synth leaves out."),
    ],
)
def test_usage(project: Project, capsys: pytest.CaptureFixture[str], words: list[str], message: str) -> None:
    assert message in refuse(project, capsys, "deploy", "demo", *words)


def test_missing_terraform(
    project: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERRAFORM_BINARY_NAME", "no-such-terraform")
    assert refuse(project, capsys, "diff", "demo").startswith("no-such-terraform is missing. Install Terraform 1.11")


def test_missing_toolkit(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree(project.folder / "node_modules")
    for words in (["deploy", "demo", "--hcl"], ["provider", "list"]):
        assert "The toolkit `cdktn` is missing" in (said := refuse(project, capsys, *words))
        assert "Run `make setup`." in said


def test_missing_node(project: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toolkit.importlib.util, "find_spec", dict[str, object]().get)
    said = refuse(project, capsys, "list")
    assert said == "Node is missing from this Python environment. Run `make setup`.\n"


def test_bad_approvals(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    path = project.folder / "environments" / "demo" / "approvals.yaml"
    path.parent.mkdir(parents=True)
    path.write_text("approvals: everything\n")
    assert "approvals: is the text 'everything' where a list belongs" in refuse(
        project, capsys, "deploy", "demo", "--auto-approve"
    )


def test_approvals_of_stacks_and_generations_that_do_not_exist(
    project: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = project.folder / "environments" / "demo" / "approvals.yaml"
    path.parent.mkdir(parents=True)
    entry = "{address: google_storage_bucket.images, stack: demo-foundatoin, action: delete, reason: moved}"
    path.write_text(f"approvals:\n  - {entry}\n")
    said = refuse(project, capsys, "deploy", "demo", "--auto-approve")
    assert "approvals.yaml:2: stack: there is no stack 'demo-foundatoin', so the approval of" in said
    assert "Did you mean 'demo-foundation'?" in said
    assert project.calls("plan") == []
    monkeypatch.setenv("KARST_ONLY", "demo")
    assert project.cdktf("diff", "demo") == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupt_reaches_terraform_once_and_starts_nothing_more(project: Project, number: signal.Signals) -> None:
    project.behave(**{"apply demo-foundation": {"wait_for_interrupt": True}})
    program = "from karst_cli.cdktf import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", program, "deploy", "demo", "--auto-approve"],
        cwd=project.folder,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    deadline = time.monotonic() + 30
    while not (project.folder / "waiting").exists():
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(number)
    time.sleep(0.2)
    process.send_signal(number)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert (project.folder / "interrupts").read_text() == "1"
    assert project.calls("apply") == ["demo-foundation"]
    assert "Interrupted: Terraform finishes what it has begun" in said
    assert "Still waiting for Terraform" in said
    assert "Traceback" not in said


def test_manifest_of_many_stacks_is_quick(project: Project) -> None:
    """500 datasets in one deployment: ordering must not take longer than people notice."""
    names = [f"demo-data-d{number}" for number in range(500)]
    project.synthesize({"f": [], **{name: ["f"] for name in names}, "demo": [*names, "f"]})
    begin = time.monotonic()
    assert project.cdktf("deploy", "demo", "--skip-synth", "--dry-run") == 0
    assert time.monotonic() - begin < 3
    assert json.loads((project.folder / "cdktf.out" / "manifest.json").read_text())["stacks"]["demo"]
