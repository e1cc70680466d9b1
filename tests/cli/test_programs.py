"""`karst auth`, `karst info` and `karst clio`: what they hand to the programs of services, and what they show."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_NOBODY = "postgresql://ada:hunter2@127.0.0.1:1/x"


def karst(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KARST_")}
    return subprocess.run(
        [sys.executable, "-m", "karst_cli.main", *arguments],
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
        (("auth", "import", "none.sql", "--to", _NOBODY), {}, 2, "none.sql is not there"),
        (("auth", "import", "LICENSE"), {"KARST_AUTH_TO": _NOBODY}, 6, "refuses"),
        (("auth", "import", "LICENSE"), {"KARST_AUTH_TO": "firestore://x"}, 2, "Write postgresql://"),
        (("auth", "import", "LICENSE"), {}, 2, "KARST_AUTH_TO"),
        (("info", "import", "none.sql", "--to", _NOBODY), {}, 2, "none.sql is not there"),
        (("info", "import", "LICENSE"), {"KARST_INFO_TO": _NOBODY}, 6, "refuses"),
        (("info", "import", "LICENSE"), {}, 2, "KARST_INFO_TO"),
        (("clio", "export", "e", "--from", "mysql://x"), {}, 2, "begins with firestore:// or postgresql://"),
        (("clio", "export", "e"), {"KARST_CLIO_FROM": "firestore://NO/x"}, 2, "names no database"),
        (("clio", "import", "e", "--to", _NOBODY), {}, 6, "127.0.0.1:1/x can't be used"),
        (("clio", "migrate"), {"KARST_CLIO_TO": "firestore://my-project"}, 2, "Firestore has no schema"),
        (("clio", "export", "e"), {}, 2, "KARST_CLIO_FROM"),
    ],
)
def test_exit_codes_and_messages_are_the_programs(
    arguments: tuple[str, ...], variables: dict[str, str], code: int, words: str
) -> None:
    finished = karst(*arguments, **variables)
    assert finished.returncode == code, finished.stderr
    assert words in finished.stderr
    assert "hunter2" not in finished.stdout + finished.stderr
    assert "Traceback" not in finished.stderr


def test_help_tells_what_exit_codes_mean() -> None:
    for command in ("export", "import", "migrate"):
        finished = karst("clio", command, "--help", COLUMNS="200")
        assert finished.returncode == 0
        assert "4 counts or documents differ" in finished.stdout
