"""The command that makes search tables on one machine, as people run it, and what they read when it can't."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from karst_clio.signatures.blocks import Signature
from karst_clio.signatures.search import alike
from karst_platform.stores.analytics_duckdb import DuckDbAnalytics
from services_src.clio.tests.signatures.stores import LAYOUT, write_blocks

PLACES = [Signature(point=(number, 5, 5), bits=number - 50) for number in range(100)]


def run(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    told = {"KARST_BUCKETS": str(folder), "SIG_BUCKET": "sig", "KARST_SEARCH_FILE": str(folder / "search.duckdb")}
    return subprocess.run(
        [sys.executable, "-m", "karst_clio.signatures", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **told, **variables},
    )


@pytest.mark.anyio
async def test_blocks_become_tables(tmp_path: Path) -> None:
    write_blocks(tmp_path / "sig", "mb20", LAYOUT, PLACES)
    finished = run(tmp_path, "MB20")
    assert (finished.returncode, finished.stdout) == (0, "100 signatures of mb20 can be searched.\n"), finished.stderr
    found = await alike(DuckDbAnalytics(tmp_path / "search.duckdb"), "mb20", PLACES[7], LAYOUT)
    assert (found[0].point, found[0].distance) == ((7, 5, 5), 0)


@pytest.mark.parametrize(
    ("arguments", "variables", "message"),
    [
        ((), {}, "DATASET"),
        (("--help",), {}, "DATASET"),
        (("other",), {}, "has no other/info.json"),
        (("mb 20",), {}, "No dataset of image search can be called 'mb 20'"),
        (("mb20",), {"KARST_SEARCH_FILE": ""}, "KARST_SEARCH_FILE"),
        (("mb20",), {"SIG_BUCKET": ""}, "SIG_BUCKET"),
        (("mb20",), {"PORT": "x"}, "PORT"),
    ],
)
def test_what_is_missing_is_said(
    tmp_path: Path, arguments: tuple[str, ...], variables: dict[str, str], message: str
) -> None:
    write_blocks(tmp_path / "sig", "mb 20", LAYOUT, PLACES)
    finished = run(tmp_path, *arguments, **variables)
    assert finished.returncode == 1
    assert message in finished.stderr
    assert "Traceback" not in finished.stderr
