"""Deployments synthesized side by side give what one program would have written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from karst_cli.shares import divide, join, said_once
from tests.conftest import find_tool
from tests.examples import ENVIRONMENTS, ROOT, ExampleStack


def deployment(folder: Path, name: str, size: int) -> None:
    (folder / name).mkdir(parents=True)
    (folder / name / "deployment.yaml").write_text("#" * size, encoding="utf-8")


def part(folder: Path, *stacks: str) -> Path:
    """A folder as a synthesis leaves it."""
    listed = {name: {"synthesizedStackPath": f"stacks/{name}/cdk.tf.json"} for name in stacks}
    for name in stacks:
        (folder / "stacks" / name).mkdir(parents=True)
        (folder / "stacks" / name / "cdk.tf.json").write_text(name, encoding="utf-8")
    (folder / "manifest.json").write_text(json.dumps({"version": "1", "stacks": listed}), encoding="utf-8")
    return folder


def test_shares_weigh_about_the_same(tmp_path: Path) -> None:
    for name, size in {"a": 10, "b": 60, "c": 30, "d": 25}.items():
        deployment(tmp_path, name, size)
    (tmp_path / "notes").mkdir()
    assert divide(tmp_path, 2) == [("b",), ("a", "c", "d")]
    assert divide(tmp_path, 1) == [("a", "b", "c", "d")]
    assert len(divide(tmp_path, 9)) == 4
    assert divide(tmp_path / "nothing", 2) == []


def test_parts_are_joined_under_one_manifest(tmp_path: Path) -> None:
    output = tmp_path / "out"
    old = part(output, "b")
    (old / "stacks/b/.terraform").mkdir()
    (old / "stacks/b/assets").mkdir()
    (old / "stacks/b/assets/old").touch()
    new = part(tmp_path / "2", "b")
    (new / "stacks/b/assets").mkdir()
    (new / "stacks/b/assets/new").touch()
    join([part(tmp_path / "1", "c"), new], output)
    assert list(json.loads((output / "manifest.json").read_text("utf-8"))["stacks"]) == ["b", "c"]
    assert sorted(path.name for path in (output / "stacks/b").iterdir()) == [".terraform", "assets", "cdk.tf.json"]
    assert [path.name for path in (output / "stacks/b/assets").iterdir()] == ["new"]


def test_what_all_say_is_said_once() -> None:
    assert said_once(["the same\n", "other\n", "the same\n"]) == "the same\nother\n"


@pytest.mark.slow
def test_stacks_are_those_of_one_program(tmp_path: Path, examples: dict[str, ExampleStack]) -> None:
    find_tool("node")
    environment = os.environ | {"KARST_ENVIRONMENTS": str(ENVIRONMENTS)}
    environment.pop("KARST_ONLY", None)
    done = subprocess.run(
        [str(Path(sys.executable).with_name("cdktf")), "synth", "--output", str(tmp_path / "out")],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    written = {path.parent.name: path.read_bytes() for path in (tmp_path / "out/stacks").glob("*/cdk.tf.json")}
    assert written == {name: stack.path.read_bytes() for name, stack in examples.items()}
    assert list(json.loads((tmp_path / "out/manifest.json").read_text("utf-8"))["stacks"]) == sorted(written)
    assert not (tmp_path / "out/.shares").exists()
