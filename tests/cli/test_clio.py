"""`karst clio`: what it hands to the program that moves stores, and what it shows."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def karst_clio(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KARST_CLIO")}
    return subprocess.run(
        [sys.executable, "-m", "karst_cli.main", "clio", *arguments],
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
        (("export", "e", "--from", "mysql://x"), {}, 2, "begins with firestore:// or postgresql://"),
        (("export", "e"), {"KARST_CLIO_FROM": "firestore://NO/x"}, 2, "names no database"),
        (("import", "e", "--to", "postgresql://ada:hunter2@127.0.0.1:1/x"), {}, 6, "127.0.0.1:1/x can't be used"),
        (("migrate",), {"KARST_CLIO_TO": "firestore://my-project"}, 2, "Firestore has no schema"),
        (("export", "e"), {}, 2, "KARST_CLIO_FROM"),
    ],
)
def test_exit_codes_and_messages_are_the_programs(
    arguments: tuple[str, ...], variables: dict[str, str], code: int, words: str
) -> None:
    finished = karst_clio(*arguments, **variables)
    assert finished.returncode == code, finished.stderr
    assert words in finished.stderr
    assert "hunter2" not in finished.stdout + finished.stderr
    assert "Traceback" not in finished.stderr


def test_help_tells_what_exit_codes_mean() -> None:
    for command in ("export", "import", "migrate"):
        finished = karst_clio(command, "--help", COLUMNS="200")
        assert finished.returncode == 0
        assert "4 counts or documents differ" in finished.stdout
