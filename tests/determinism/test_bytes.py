"""Equal declarations give equal bytes, wherever and with whatever hash seed they are synthesized."""

from __future__ import annotations

import filecmp
from pathlib import Path

from tests.examples import ExampleStack, run_main


def files(outdir: Path) -> dict[str, Path]:
    """Every file below a folder, by its path in it."""
    return {str(path.relative_to(outdir)): path for path in sorted(outdir.rglob("*")) if path.is_file()}


def test_folder_depth_and_hash_seed_change_nothing(
    tmp_path: Path, run_folder: Path, examples: dict[str, ExampleStack]
) -> None:
    outdir = tmp_path / "much" / "deeper" / "than" / "that" / "cdktf.out"
    outdir.parent.mkdir(parents=True)
    run_main(outdir, {"PYTHONHASHSEED": "4242"}, cwd=outdir.parent)
    one, other = files(run_folder / "examples" / "out"), files(outdir)
    assert one.keys() == other.keys()
    assert {"manifest.json", *(f"stacks/{name}/cdk.tf.json" for name in examples)} <= one.keys()
    assert [name for name in one if not filecmp.cmp(one[name], other[name], shallow=False)] == []
