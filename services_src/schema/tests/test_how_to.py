"""The page that says how to write a new type, followed to the letter in a copy of the service."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/how-to/write-a-new-annotation-schema.md").read_text("utf-8")
SERVICE = Path("services_src/schema")
CATALOG = SERVICE / "src/karst_schema/types/catalog"
_BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


def blocks(language: str) -> list[str]:
    return [textwrap.dedent(text) for _, found, text in _BLOCK.findall(PAGE) if found == language]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what the page changes, under version control, so that `git diff` has something to say."""
    ignored = shutil.ignore_patterns("__pycache__", ".pytest_cache")
    shutil.copytree(ROOT / SERVICE, tmp_path / SERVICE, ignore=ignored)
    for name in ("services_src/conftest.py", "services_src/platform/tests/fuzzing.py", "pyproject.toml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "before"]):
        person = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
        subprocess.run(["git", *person, *command], cwd=tmp_path, check=True)
    return tmp_path


def run(checkout: Path, lines: str) -> str:
    """Paste lines into a shell; each must succeed."""
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "KARST", "COV"))}
    finished = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", lines],
        cwd=checkout,
        env={**kept, "PATH": programs, "PYTHONPATH": str(checkout / SERVICE / "src"), "GIT_PAGER": "cat"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout


def test_the_page_leads_to_a_type_that_clients_see(checkout: Path) -> None:
    (declaration,) = blocks("python")
    look, record, tests = blocks("sh")
    assert f"into `{CATALOG}`, say `mitochondria.py`" in " ".join(PAGE.split())
    (checkout / CATALOG / "mitochondria.py").write_text(declaration, encoding="utf-8")

    columns, _, document = run(checkout, look).partition("\n{")
    assert "segmentation  pt_root_id" in columns
    shown = json.loads("{" + document)["definitions"]["Mitochondrion"]
    assert shown["required"] == ["pt", "shape"]
    assert shown["properties"]["shape"]["enum"] == ["round", "long", "branched"]

    assert '+ "mitochondrion": {' in run(checkout, record)
    # One test of this page within itself would never end.
    assert " passed" in run(checkout, tests.strip() + f" --ignore {SERVICE}/tests/test_how_to.py")

    asked = (
        "import asyncio; from services_src.schema.tests.support import ask;"
        "answer = asyncio.run(ask('GET', '/api/v2/types_all')).json();"
        "print(list(answer)[-1], len(answer))"
    )
    assert run(checkout, f'python -c "{asked}"') == "mitochondrion 58\n"


def test_a_type_without_a_record_is_noticed(checkout: Path) -> None:
    (declaration,) = blocks("python")
    (checkout / CATALOG / "mitochondria.py").write_text(declaration, encoding="utf-8")
    with pytest.raises(AssertionError, match="order counts"):
        run(checkout, "pytest services_src/schema/tests/golden")


def test_a_mistake_says_what_to_write(checkout: Path) -> None:
    (declaration,) = blocks("python")
    wrong = declaration.replace('"mitochondrion"', '"Mitochondrion"')
    (checkout / CATALOG / "mitochondria.py").write_text(wrong, encoding="utf-8")
    with pytest.raises(AssertionError, match="lower case letters"):
        run(checkout, "python -m karst_schema.types mitochondrion")
