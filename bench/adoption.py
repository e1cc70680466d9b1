"""How long it takes to import the largest environment file of upstream, with everything that it refers to."""

from __future__ import annotations

from pathlib import Path

from bench.measure import Figure, median_s
from bench.steps import KARST
from tests.adoption.upstream_files import EVERYTHING_ON, local_file

_LIMIT_S = 1.0


def measure(folder: Path) -> list[Figure]:
    """Import, check and write a local deployment by whole processes. Raises `BenchError`."""
    file = local_file(folder, by_hand=True, more=EVERYTHING_ON)
    lines = len(file.read_text("utf-8").splitlines())
    took_s = median_s([KARST, "import", str(file), "--force", "--output", str(folder / "environments")])
    return [
        Figure(
            step="`karst import`",
            value=took_s,
            limit=_LIMIT_S,
            unit="s",
            note=f"{lines} lines and three files that they take in; checked as by `karst validate`",
        )
    ]
