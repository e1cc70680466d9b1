"""Divides deployments among programs that synthesize at the same time, and puts together what they wrote.

The toolkit works on one processor: each call from Python waits for an answer from Node. Two deployments know nothing of
each other, so their stacks can be written side by side.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from karst.config.folder import DEPLOYMENT_FILE

MANIFEST = "manifest.json"


def divide(environments: Path, parts: int) -> list[tuple[str, ...]]:
    """The deployments below `environments` in at most `parts` shares of about the same size.

    The size of a deployment's files stands for the work that its stacks make. Nothing is read here, so mistakes are
    found where they are told.
    """
    weights = {path.parent.name: _size(path.parent) for path in environments.glob(f"*/{DEPLOYMENT_FILE}")}
    shares: list[list[str]] = [[] for _ in range(min(parts, len(weights)))]
    loads = [0] * len(shares)
    for name in sorted(weights, key=lambda name: (-weights[name], name)):
        lightest = loads.index(min(loads))
        shares[lightest].append(name)
        loads[lightest] += weights[name]
    return [tuple(sorted(share)) for share in shares]


def join(outputs: Iterable[Path], output: Path) -> None:
    """Move what stands in `outputs` to `output`, in place of what stood there, under one manifest."""
    stacks = output / "stacks"
    stacks.mkdir(parents=True, exist_ok=True)
    manifests = [_take(part, stacks) for part in outputs]
    joined = {
        **manifests[0],
        "stacks": dict(sorted((name, stack) for one in manifests for name, stack in one["stacks"].items())),
    }
    (output / MANIFEST).write_text(json.dumps(joined, indent=2), encoding="utf-8")


def said_once(texts: Sequence[str]) -> str:
    """What the programs said, a text that several said once."""
    return "".join(dict.fromkeys(texts))


def _take(part: Path, stacks: Path) -> dict[str, dict[str, object]]:
    manifest: dict[str, dict[str, object]] = json.loads((part / MANIFEST).read_text(encoding="utf-8"))
    for folder in sorted((part / "stacks").iterdir()):
        (stacks / folder.name).mkdir(exist_ok=True)
        # What Terraform keeps beside them (its providers, its lock) stays.
        for written in sorted(folder.iterdir()):
            _replace(stacks / folder.name / written.name, written)
    return manifest


def _replace(old: Path, new: Path) -> None:
    if old.is_dir():
        shutil.rmtree(old)
    new.replace(old)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*.yaml"))
