"""`karst info`: what it hands to the program that takes over an info service."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def karst_info(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KARST_")}
    return subprocess.run(
        [sys.executable, "-m", "karst_cli.main", "info", *arguments],
        cwd=ROOT,
        env={**environment, "PYTHONPATH": f"{ROOT / 'constructs'}{os.pathsep}{ROOT}", **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("arguments", "variables", "code", "words"),
    [
        (("import", "none.sql", "--to", "postgresql://ada:hunter2@127.0.0.1:1/x"), {}, 2, "none.sql is not there"),
        (("import", "LICENSE"), {"KARST_INFO_TO": "postgresql://ada:hunter2@127.0.0.1:1/x"}, 6, "refuses"),
        (("import", "LICENSE"), {}, 2, "KARST_INFO_TO"),
    ],
)
def test_exit_codes_and_messages_are_the_programs(
    arguments: tuple[str, ...], variables: dict[str, str], code: int, words: str
) -> None:
    finished = karst_info(*arguments, **variables)
    assert finished.returncode == code, finished.stderr
    assert words in finished.stderr
    assert "hunter2" not in finished.stdout + finished.stderr
    assert "Traceback" not in finished.stderr
