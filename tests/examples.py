"""The example environments as the application writes them: synthesized once for all tests of a run."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
ENVIRONMENTS = ROOT / "environments"


@dataclass(frozen=True, kw_only=True)
class ExampleStack:
    """One synthesized stack of an example."""

    name: str
    path: Path
    """Its `cdk.tf.json`."""
    content: dict[str, Any]


def synthesize_examples(outdir: Path) -> None:
    """Run `main.py` over `environments/` as a user does, in a process of its own."""
    run_main(outdir, {})


def run_main(outdir: Path, settings: Mapping[str, str], *, cwd: Path = ROOT) -> None:
    """Synthesize `environments/` by `main.py` with these environment variables, in the folder `cwd`."""
    roots = {"KARST_ENVIRONMENTS": str(ENVIRONMENTS), "CDKTF_OUTDIR": str(outdir), "PYTHONPATH": _source_roots()}
    # Sets and dictionaries in another order, where something depended on it, would show against this one.
    seed = {"PYTHONHASHSEED": "1"}
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("KARST_", "PYTHONDONT"))}
    result = subprocess.run(
        [sys.executable, str(ROOT / "main.py")],
        env={**inherited, **seed, **roots, **settings},
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, f"the examples do not synthesize:\n{result.stderr}"
    assert result.stderr == ""


def read_stacks(outdir: Path) -> dict[str, ExampleStack]:
    """Read what a synthesis wrote, by stack name."""
    paths = sorted((outdir / "stacks").glob("*/cdk.tf.json"))
    return {
        path.parent.name: ExampleStack(name=path.parent.name, path=path, content=json.loads(path.read_text("utf-8")))
        for path in paths
    }


def shared_examples(folder: Path) -> dict[str, ExampleStack]:
    """Synthesize into `folder` unless another worker of this test run has done so already."""
    once(folder, lambda: synthesize_examples(folder / "out"))
    return read_stacks(folder / "out")


def once(folder: Path, make: Callable[[], None]) -> None:
    """Make what belongs into `folder` unless another worker of this test run has done so already."""
    folder.mkdir(parents=True, exist_ok=True)
    done = folder / "done"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            make()
            done.touch()


def _source_roots() -> str:
    return os.pathsep.join((str(ROOT / "constructs"), str(ROOT)))
