"""Equal declarations give equal bytes, wherever and with whatever hash seed they are synthesized."""

from __future__ import annotations

import filecmp
import os
import subprocess
import sys
from pathlib import Path

from tests.examples import ENVIRONMENTS, ROOT


def synthesize(outdir: Path, seed: str) -> dict[str, Path]:
    roots = os.pathsep.join((str(ROOT / "constructs"), str(ROOT)))
    settings = {"CDKTF_OUTDIR": str(outdir), "KARST_ENVIRONMENTS": str(ENVIRONMENTS), "PYTHONPATH": roots}
    outdir.parent.mkdir(parents=True)
    subprocess.run(
        [sys.executable, str(ROOT / "main.py")],
        env=os.environ | settings | {"PYTHONHASHSEED": seed},
        cwd=outdir.parent,
        check=True,
    )
    return {str(path.relative_to(outdir)): path for path in sorted(outdir.rglob("*")) if path.is_file()}


def test_folder_depth_and_hash_seed_change_nothing(tmp_path: Path) -> None:
    one = synthesize(tmp_path / "a" / "out", "1")
    other = synthesize(tmp_path / "b" / "much" / "deeper" / "cdktf.out", "4242")
    assert one.keys() == other.keys()
    assert "manifest.json" in one
    assert [name for name in one if not filecmp.cmp(one[name], other[name], shallow=False)] == []
