"""Synthesizes deployments side by side, and puts together what was written.

The toolkit works on one processor: each call from Python waits for an answer from Node. Two deployments know nothing of
each other, so forks of this process write their stacks at the same time, each with a runtime of its own.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

from karst import early_runtimes
from karst.blueprint import Blueprint
from karst.forks import run_forked

PARTS = ".shares"
_MANIFEST = "manifest.json"
_NUMBER_BYTES = 4

Write = Callable[[Sequence[Blueprint], Path], int]
"""Writes the stacks of some deployments into a folder; gives an exit status, having said why it isn't 0."""


def synthesize_all(blueprints: Sequence[Blueprint], outdir: Path, write: Write) -> int:
    """Have `write` write all deployments into `outdir`; give the worst status.

    It is called once for all of them, or, where runtimes were started for it, for one after the other in forks.
    """
    runtimes = early_runtimes.started()
    programs = min(runtimes.count, len(blueprints)) if runtimes else 1
    if runtimes is None or programs < 2:
        return write(blueprints, outdir)
    # The largest first, so that small ones fill what is left.
    ordered = sorted(blueprints, key=lambda blueprint: (-_size(blueprint), blueprint.deployment.name))
    parts = [outdir / PARTS / str(number) for number in range(len(ordered))]
    waiting = _queue(len(ordered))

    def work(program: int) -> int:
        runtimes.take(program)
        statuses = [write([ordered[number]], parts[number]) for number in _take_from(waiting)]
        runtimes.finish()
        return max(statuses, default=0)

    try:
        status, said = run_forked([partial(work, program) for program in range(programs)])
        if status == 0:
            join(parts, outdir)
    finally:
        os.close(waiting)
        runtimes.leave()
        shutil.rmtree(outdir / PARTS, ignore_errors=True)
    sys.stderr.write(said)
    return status


def join(outputs: Iterable[Path], output: Path) -> None:
    """Move what stands in `outputs` to `output`, in place of what stood there, under one manifest."""
    stacks = output / "stacks"
    stacks.mkdir(parents=True, exist_ok=True)
    manifests = [_take_over(part, stacks) for part in outputs]
    joined = {
        **manifests[0],
        "stacks": dict(sorted((name, stack) for one in manifests for name, stack in one["stacks"].items())),
    }
    (output / _MANIFEST).write_text(json.dumps(joined, indent=2), encoding="utf-8")


def _size(blueprint: Blueprint) -> int:
    return len(blueprint.workloads) * len(blueprint.deployment.generations)


def _queue(count: int) -> int:
    """The reading end of a pipe that holds the numbers below `count`, for forks to take them from."""
    reading, writing = os.pipe()
    for number in range(count):
        os.write(writing, number.to_bytes(_NUMBER_BYTES, "big"))
    os.close(writing)
    return reading


def _take_from(queue: int) -> Iterator[int]:
    while number := os.read(queue, _NUMBER_BYTES):
        yield int.from_bytes(number, "big")


def _take_over(part: Path, stacks: Path) -> dict[str, dict[str, object]]:
    manifest: dict[str, dict[str, object]] = json.loads((part / _MANIFEST).read_text(encoding="utf-8"))
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
