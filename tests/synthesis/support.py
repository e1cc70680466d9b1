"""Deployments made from the examples with a few values changed, and synthesized."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

import main
from karst.app import synthesize
from tests.examples import ENVIRONMENTS, ExampleStack, read_stacks

Changes = Mapping[str, object]


def copy_environment(target: Path, example: str, name: str | None = None, **changes: object) -> Path:
    """Copy an example into `target` as `name`, replacing top-level values of its deployment; None takes one out."""
    folder = target / (name or example)
    shutil.copytree(ENVIRONMENTS / example, folder)
    edit(folder / "deployment.yaml", name=folder.name, **changes)
    return folder


def edit(path: Path, **changes: object) -> None:
    """Replace top-level values of a YAML file; None takes one out."""
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    merged = {key: value for key, value in (content | changes).items() if value is not None}
    path.write_text(yaml.safe_dump(merged, sort_keys=False), encoding="utf-8")


def synthesized(environments: Path) -> dict[str, ExampleStack]:
    """Synthesize everything below `environments` and read it back."""
    with tempfile.TemporaryDirectory() as folder:
        synthesize(main.build(environments, Path(folder)))
        return read_stacks(Path(folder))


def bodies(stacks: Iterable[ExampleStack], kind: str) -> list[dict[str, Any]]:
    """Every resource of a type."""
    return [body for stack in stacks for body in stack.content.get("resource", {}).get(kind, {}).values()]
