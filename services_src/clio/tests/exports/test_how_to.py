"""The commands of the how-to pages, as they stand there, where no cloud is needed."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psycopg
import pytest

from karst_clio.exports.command import run
from karst_platform.exits import Exit
from services_src.clio.tests.exports.conftest import NewStore
from services_src.clio.tests.exports.filling import ADMIN, answers, fill
from services_src.clio.tests.support import KEY, token

pytestmark = [pytest.mark.anyio, pytest.mark.slow]
ROOT = Path(__file__).parents[4]
PAGES = ROOT / "docs/how-to"
SERVICE = ROOT / "services_src/clio"
PATIENCE_S = 90
_INDENTED = re.compile(r"^ {4,}((?:karst|curl|export|cd|[A-Z_]+=).*)$", re.MULTILINE)


def commands(page: str) -> list[str]:
    """Lines of a page that people paste, without comments; what names a store or a server of theirs is left out."""
    lines = [line.partition("   #")[0].strip() for line in _INDENTED.findall((PAGES / page).read_text("utf-8"))]
    return [line for line in lines if not line.startswith("export ")]


def shell(lines: list[str], folder: Path, **variables: str) -> str:
    """Paste lines into a shell; each must succeed."""
    programs = f"{folder / 'bin'}{os.pathsep}{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    finished = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join(lines)],
        cwd=folder,
        env={**os.environ, "PATH": programs, **variables},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout + finished.stderr


async def test_a_store_is_migrated_as_the_page_says(new_firestore: NewStore, new_database: NewStore, tmp_path: Path):
    lines = commands("migrate-an-existing-clio-store.md")
    moving, (folder, look) = [line for line in lines if line.startswith("karst")], lines[4:6]
    assert [line.split()[2] for line in moving] == ["export", "export", "import", "import", "migrate"]
    old, new = new_firestore(), new_database()
    await fill(old, tmp_path / "buckets")
    said = shell(moving, tmp_path, OLD=old, NEW=new)
    assert "are new, 0 are there already" in said
    assert "all are there" in said
    before = await answers(old)
    assert await answers(new) == before
    port = free_port()
    variables = {"NEW": new, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    with serving([f"cd {ROOT}", folder, f"exec env {look} --port {port}"], variables, tmp_path / "log"):
        wait_for(f"http://127.0.0.1:{port}/readyz", tmp_path / "log")
        seen = httpx.get(f"http://127.0.0.1:{port}/v2/users").json()
    assert (200, seen) == before[f"{ADMIN} GET /v2/users"]


@pytest.fixture
def clio(new_database: NewStore, tmp_path: Path) -> Iterator[str]:
    """The address of a server, as it runs in the cloud, but on PostgreSQL."""
    dsn = new_database()
    assert run(["migrate", "--to", dsn]) is Exit.OK
    told = {"KARST_POSTGRES_DSN": dsn, "FLYEM_SECRET": KEY, "OWNER": "owner@example.org", "URL_PREFIX": "/clio"}
    port = free_port()
    with serving([f"exec {sys.executable} -m karst_clio"], {**told, "PORT": str(port)}, tmp_path / "log"):
        wait_for(f"http://127.0.0.1:{port}/clio/readyz", tmp_path / "log")
        yield f"http://127.0.0.1:{port}/clio"


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def without_stores() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("GOOGLE", "FIRESTORE", "KARST"))}


@contextmanager
def serving(lines: list[str], variables: dict[str, str], log: Path) -> Generator[None]:
    """Paste lines into a shell, the last of which serves."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["bash", "-euc", "\n".join(lines)], env={**without_stores(), **variables}, stdout=output, stderr=output
        )
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def wait_for(url: str, log: Path) -> None:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        try:
            if httpx.get(url).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    pytest.fail(log.read_text())


def test_a_new_store_is_checked_as_the_page_says(clio: str, tmp_path: Path):
    """With a `gcloud` that prints a token which this server takes."""
    gcloud = tmp_path / "bin/gcloud"
    gcloud.parent.mkdir()
    signed = token("owner@example.org", iat=time.time(), exp=time.time() + 3600)
    gcloud.write_text(f'#!/bin/sh\ntest "$*" = "auth print-identity-token" && echo {signed}\n')
    gcloud.chmod(0o755)
    lines = commands("deploy-clio.md")
    assert len(lines) == 7
    shutil.copytree(ROOT / "environments/clio", tmp_path / "environments/lab")
    declared = tmp_path / "environments/lab/deployment.yaml"
    declared.write_text(declared.read_text("utf-8").replace("name: clio\n", "name: lab\n", 1), "utf-8")
    said = shell(["echo", *[f"{line}; echo" for line in lines]], tmp_path, CLIO=clio)
    _, roles, datasets = (json.loads(line) for line in said.splitlines() if line.startswith('{"'))
    assert (roles["email"], roles["global_roles"]) == ("owner@example.org", ["admin"])
    assert datasets["tiny"]["description"] == "A first dataset"


@pytest.mark.parametrize(
    ("version", "words"), [("99", "schema 99, this Karst knows"), ("0", "python -m karst_clio migrate")]
)
@pytest.mark.parametrize("server", [["-m", "karst_clio"], ["-m", "uvicorn", "main:app", "--port=1"]])
def test_a_schema_of_another_karst_keeps_the_service_from_starting(
    version: str, words: str, server: list[str], new_database: NewStore
):
    dsn = new_database()
    assert run(["migrate", "--to", dsn]) is Exit.OK
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("UPDATE documents_schema SET version = %s", (version,))
    finished = subprocess.run(
        [sys.executable, *server],
        cwd=SERVICE,
        env={**without_stores(), "KARST_POSTGRES_DSN": dsn, "PORT": "1"},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert finished.returncode == 1
    assert words in finished.stderr.splitlines()[-1]
    assert "uvicorn" in server or "Traceback" not in finished.stderr


def test_an_image_migrates_without_what_draws_bars(new_database: NewStore, tmp_path: Path):
    code = "import sys; sys.modules['rich'] = None; from karst_clio.__main__ import main; main()"
    for arguments, code_wanted, words in (
        (["migrate"], Exit.OK, "went from schema 0 to"),
        (["export", "e", "--from", new_database()], Exit.USAGE, "pip install 'karst-clio[exports]'"),
    ):
        finished = subprocess.run(
            [sys.executable, "-c", code, *arguments],
            cwd=tmp_path,
            env={**without_stores(), "KARST_POSTGRES_DSN": new_database()},
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert (finished.returncode, words in finished.stderr) == (code_wanted, True), finished.stderr
