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
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest

from karst_clio.exports.command import run
from karst_clio.exports.faults import Exit
from services_src.clio.tests.exports.conftest import NewStore
from services_src.clio.tests.exports.filling import answers, fill
from services_src.clio.tests.support import KEY, token

pytestmark = [pytest.mark.anyio, pytest.mark.slow]
ROOT = Path(__file__).parents[4]
PAGES = ROOT / "docs/how-to"
PATIENCE_S = 90
_INDENTED = re.compile(r"^ {4,}((?:karst|curl|export|[A-Z]+=).*)$", re.MULTILINE)


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
    assert [line.split()[1:3] for line in lines] == [
        ["clio", "export"], ["clio", "export"], ["clio", "import"], ["clio", "import"], ["up", "--dsn"],
        ["clio", "migrate"],
    ]  # fmt: skip
    old, new = new_firestore(), new_database()
    await fill(old, tmp_path / "buckets")
    said = shell([line for line in lines if " up " not in line], tmp_path, OLD=old, NEW=new)
    assert "are new, 0 are there already" in said
    assert "all are there" in said
    assert await answers(new) == await answers(old)


@pytest.fixture
def clio(new_database: NewStore, tmp_path: Path) -> Iterator[str]:
    """The address of a server, as it runs in the cloud, but on PostgreSQL."""
    dsn = new_database()
    assert run(["migrate", "--to", dsn]) is Exit.OK
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    told = {"PORT": str(port), "KARST_POSTGRES_DSN": dsn, "FLYEM_SECRET": KEY, "OWNER": "owner@example.org"}
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GOOGLE", "FIRESTORE", "KARST"))}
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "karst_clio"], env={**kept, **told, "URL_PREFIX": "/clio"}, stdout=log, stderr=log
        )
    try:
        wait_for(f"http://127.0.0.1:{port}/clio/readyz", process, tmp_path / "log")
        yield f"http://127.0.0.1:{port}/clio"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end and process.poll() is None:
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
def test_a_schema_of_another_karst_keeps_the_service_from_starting(version: str, words: str, new_database: NewStore):
    dsn = new_database()
    assert run(["migrate", "--to", dsn]) is Exit.OK
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("UPDATE documents_schema SET version = %s", (version,))
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GOOGLE", "FIRESTORE", "KARST"))}
    finished = subprocess.run(
        [sys.executable, "-m", "karst_clio"],
        env={**kept, "KARST_POSTGRES_DSN": dsn, "PORT": "1"},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert finished.returncode == 1
    assert words in finished.stderr
    assert "Traceback" not in finished.stderr
