"""Deployments synthesized side by side give what one program would have written."""

from __future__ import annotations

import json
from pathlib import Path

from karst_cli.shares import divide, join, said_once


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
