"""The installed `cdktf`, run as a person runs it, in a copy of the project."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cdktf.conftest import write_program
from tests.examples import ExampleStack

ROOT = Path(__file__).parents[2]
COPIED = ("cdktf.json", "main.py", "constructs", "environments", "services_src", "stacks")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("copy")
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name)
        else:
            shutil.copy(source, folder / name)
    (folder / ".venv").symlink_to(sys.prefix)
    write_program(folder / "bin" / "terraform", "raise SystemExit('a dry run runs nothing')")
    return folder


def cdktf(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    program = folder / ".venv" / "bin" / "cdktf"
    assert program.is_file(), "run `make setup`: it installs cdktf"
    unwanted = {"PYTHONPATH", "KARST_ENVIRONMENTS", "KARST_ONLY", "TERRAFORM_BINARY_NAME"}
    environment = {name: value for name, value in os.environ.items() if name not in unwanted}
    path = os.pathsep.join([str(folder / "bin"), os.environ["PATH"]])
    return subprocess.run(
        [str(program), *words],
        cwd=folder,
        env={**environment, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_list_writes_and_names_the_stacks_of_every_example_as_one_program_would(
    copy: Path, examples: dict[str, ExampleStack]
) -> None:
    done = cdktf(copy, "list")
    assert (done.returncode, done.stderr) == (0, "")
    listed = [line.split() for line in done.stdout.splitlines()[1:]]
    names = {name for name, _ in listed}
    deployments = {path.parent.name for path in (ROOT / "environments").glob("*/deployment.yaml")}
    assert deployments
    assert {name for each in deployments for name in (each, f"{each}-foundation", f"{each}-run")} <= names
    assert list(json.loads((copy / "cdktf.out/manifest.json").read_text("utf-8"))["stacks"]) == sorted(names)
    assert not (copy / "cdktf.out/.shares").exists()
    # Shares side by side, parts of the bindings without their prose, no relay: against one program that takes its time.
    written = {name: (copy / folder / "cdk.tf.json").read_bytes() for name, folder in listed}
    assert written == {name: stack.path.read_bytes() for name, stack in examples.items()}


def test_deploy_global_names_its_stacks_from_the_foundation_up(copy: Path) -> None:
    stale = copy / "cdktf.out" / "stacks" / "global-of-last-year"
    stale.mkdir(parents=True, exist_ok=True)
    done = cdktf(copy, "deploy", "global", "--dry-run", "--only", "global")
    assert (done.returncode, done.stderr) == (0, "")
    numbered = [line.split()[1] for line in done.stdout.splitlines() if line[:1].isdigit()]
    manifest = json.loads((copy / "cdktf.out" / "manifest.json").read_text())
    assert set(numbered) == set(manifest["stacks"])
    removals = {line.split()[1] for line in done.stdout.splitlines() if "(removal)" in line}
    kept = [name for name in numbered if name not in removals]
    assert (kept[0], kept[-1]) == ("global-foundation", "global")
    assert set(numbered[len(kept) :]) == removals
    assert "global-of-last-year" not in done.stdout
    assert not stale.exists()
    first = copy / "cdktf.out" / "stacks" / "global-foundation"
    assert f"  cd {first} && {copy / 'bin' / 'terraform'} init -input=false -no-color\n" in done.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["list", "--environments", "/nope"], "/nope: does not exist. Create it, or correct the path.\n"),
        (["diff", "lab", "--only", "lab"], "there is no deployment 'lab'. Deployments: "),
        (["deploy", "nope", "--only", "clio"], "There is no stack 'nope'. Stacks: 'clio', "),
        (["synth", "--environments", "broken"], "broken/clio/deployment.yaml:1: kinds: "),
    ],
)
def test_unusable_input_is_told_in_one_sentence(copy: Path, words: list[str], message: str) -> None:
    broken = copy / "broken" / "clio"
    broken.mkdir(parents=True, exist_ok=True)
    (broken / "deployment.yaml").write_text("kinds: nothing\n")
    done = cdktf(copy, *words)
    assert done.returncode == 2
    assert done.stdout == ""
    assert message in done.stderr
    assert not {"Traceback", "cdktn", "Synth command", "[ERROR]"} & set(done.stderr.replace(":", " ").split())
    assert "Traceback" not in done.stderr
