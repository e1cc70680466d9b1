"""How the store starts and ends: with any store, without one, and as the project's own commands say."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from karst_clio.main import create_app
from karst_clio.settings import ClioSettings
from karst_clio.stores import open_documents, with_store
from karst_platform.stores.documents import StoreUnavailableError
from karst_platform.stores.documents_firestore import FirestoreDocuments
from karst_platform.stores.documents_postgres import PostgresDocuments
from karst_platform.testing_programs import missing

SERVICE = Path(__file__).parents[1]
NOWHERE = "postgresql://nobody@127.0.0.1:1/none"


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        ({"KARST_POSTGRES_DSN": NOWHERE, "GOOGLE_CLOUD_PROJECT": "p"}, PostgresDocuments),
        ({"GOOGLE_CLOUD_PROJECT": "p"}, FirestoreDocuments),
        ({"FIRESTORE_EMULATOR_HOST": "127.0.0.1:1"}, FirestoreDocuments),
        ({"K_SERVICE": "clio"}, FirestoreDocuments),
    ],
)
def test_settings_name_the_store(settings: dict[str, str], kind: type) -> None:
    made, _ = with_store(ClioSettings.model_validate(settings))
    assert isinstance(open_documents(made), kind)


@pytest.mark.anyio
async def test_it_starts_without_its_store_and_says_so() -> None:
    app = create_app(ClioSettings.model_validate({"KARST_POSTGRES_DSN": NOWHERE, "TEST_USER": "a@example.org"}))
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="https://clio.example.org") as client:
            assert (await client.get("/healthz")).status_code == 200
            assert (await client.get("/readyz")).status_code == 503
            answer = await client.get("/v2/roles")
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    with pytest.raises(StoreUnavailableError):
        await open_documents(ClioSettings.model_validate({"KARST_POSTGRES_DSN": NOWHERE})).check()


@pytest.fixture
def state() -> Iterator[Path]:
    """A folder apart from pytest's own, which every start of pytest closes to the user that the database runs as."""
    with tempfile.TemporaryDirectory(prefix="clio-state-") as folder:
        yield Path(folder)


@pytest.mark.slow
def test_the_commands_of_the_project(tmp_path: Path, state: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    told = {"TEST_USER": "ada@example.org", "OWNER": "ada@example.org", "KARST_STATE": str(state)}
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GOOGLE", "FIRESTORE", "KARST"))}
    running = state / "postgres/postmaster.pid"
    command = [sys.executable, "-m", "uvicorn", "main:app", f"--port={port}"]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=SERVICE, env=kept | told, stdout=log, stderr=log)
    try:
        _wait(f"http://localhost:{port}/readyz")
        roles = httpx.get(f"http://localhost:{port}/v2/roles").json()
        assert (roles["email"], roles["global_roles"]) == ("ada@example.org", ["admin"])
        for page in ("/docs", "/redoc"):
            assert httpx.get(f"http://localhost:{port}{page}").status_code == 200
        assert running.exists()
        readme = (SERVICE / "README.md").read_text(encoding="utf-8").replace("localhost:8000", f"localhost:{port}")
        answers = [json.loads(_shell(line)) for line in re.findall(r"(?m)^curl .*$", readme)]
        assert answers == [None, {"mb20": {"description": "4nm MB", "location": "gs://mb20"}}]
    finally:
        process.terminate()
        process.wait(30)
    assert not running.exists(), "its PostgreSQL ends with it"
    for line in (tmp_path / "log").read_text().splitlines():
        assert "Traceback" not in (json.loads(line)["message"] if line.startswith("{") else line)


def _shell(line: str) -> str:
    if shutil.which("curl") is None:
        missing("curl", "curl is missing: install it (Debian: curl)")
    command = line.replace("curl ", "curl --silent --show-error --fail --noproxy localhost ", 1)
    return subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True).stdout


def _wait(url: str) -> None:
    end_s = time.monotonic() + 60
    while time.monotonic() < end_s:
        try:
            if httpx.get(url).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    pytest.fail(f"{url} never answered")
