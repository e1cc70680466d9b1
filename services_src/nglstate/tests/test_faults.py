"""What becomes of states when stores, or the service itself, go away in the middle of something."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from pydantic import SecretStr

from karst_nglstate.contents import Contents
from karst_nglstate.record import Column
from karst_nglstate.settings import StateSettings
from karst_platform.stores.documents import StoreUnavailableError
from karst_platform.stores.migrations import migrate
from karst_platform.stores.postgres import Postgres
from karst_platform.testing_way import Place, Way
from services_src.nglstate.tests.conftest import STORES, unlimited
from services_src.nglstate.tests.support import API, Server, refused, serving
from services_src.platform.tests.guard.people import READER, SUPERADMIN

pytestmark = pytest.mark.anyio
STATE = b'{"layers": []}'
_BACK_S = 30


@pytest.fixture(params=STORES)
async def way(request: pytest.FixtureRequest, settings_of_way: dict[str, object]) -> AsyncIterator[Way]:
    """The way to a store, which can be cut."""
    if request.param == "datastore":
        host = request.getfixturevalue("datastore_emulator")
        way = Way(Place(), Place(port=int(host.rpartition(":")[2])))
        await way.mend()
        settings_of_way["datastore_emulator"] = f"127.0.0.1:{way.near.port}"
        yield way
        way.cut()
        return
    dsn = request.getfixturevalue("embedded_postgres").start()
    postgres = Postgres(dsn)
    await migrate(postgres)
    await postgres.close()
    folder, name = str(conninfo_to_dict(dsn)["host"]), ".s.PGSQL.5432"
    with tempfile.TemporaryDirectory(prefix="karst-") as near:
        way = Way(Place(path=Path(near) / name), Place(path=Path(folder) / name))
        await way.mend()
        settings_of_way["postgres_dsn"] = SecretStr(make_conninfo(dsn, host=near))
        yield way
        way.cut()


@pytest.fixture
def settings_of_way(tmp_path: Path) -> dict[str, object]:
    return {"buckets_folder": tmp_path}


async def test_a_store_that_is_away_is_told_and_missed_no_longer_than_it_is_away(
    way: Way, settings_of_way: dict[str, object]
) -> None:
    async with serving(unlimited(**settings_of_way)) as server:
        kept = await server.post(STATE)
        way.cut()
        requests = (("GET", f"/{kept}", None), ("POST", "/post", b"[1]"), ("DELETE", f"/{kept}", None))
        for answer in await asyncio.gather(*(server.ask(each[0], API + each[1], each[2]) for each in requests)):
            refused(answer, 503, "service_unavailable")
            assert answer.headers["retry-after"]
        assert (await server.ask("GET", "/readyz")).status_code == 503
        assert (await server.ask("GET", "/healthz")).status_code == 200
        await server.states.reads.tell()
        await way.mend()
        end = time.monotonic() + _BACK_S
        while (await server.ask("GET", f"{API}/{kept}")).status_code != 200:
            assert time.monotonic() < end
            await asyncio.sleep(0.05)
        assert await server.content(kept) == STATE
        assert await server.content(await server.post(b"[1]")) == b"[1]"
        assert (await server.ask("GET", "/readyz")).status_code == 200


async def test_without_auth_views_are_refused_as_temporary(postgres_server: Server) -> None:
    kept = await postgres_server.post(STATE)
    postgres_server.known.is_gone = True
    for method, path in (("GET", f"/{kept}"), ("POST", "/post"), ("DELETE", f"/{kept}")):
        refused(await postgres_server.ask(method, API + path, b"1"), 503, "service_unavailable")
    postgres_server.known.is_gone = False
    assert await postgres_server.content(kept) == STATE


@pytest.mark.parametrize("is_chosen", [False, True])
async def test_a_content_without_its_record_is_nowhere(
    server: Server, monkeypatch: pytest.MonkeyPatch, is_chosen: bool
) -> None:
    """The service is killed between the two: what was promised to nobody is not found, and can be posted again."""

    async def killed(*_: object, **__: object) -> int:
        raise asyncio.CancelledError

    path = "/post/99" if is_chosen else "/post"
    with monkeypatch.context() as patch:
        patch.setattr(server.states.records, "add", killed)
        with pytest.raises(asyncio.CancelledError):
            await server.ask("POST", API + path, STATE, who=SUPERADMIN)
    refused(await server.ask("GET", f"{API}/99"), 404, "not_found")
    answer = await server.ask("POST", API + path, STATE, who=SUPERADMIN)
    assert await server.content(int(answer.json().rpartition("/")[2])) == STATE


async def test_a_content_that_can_not_be_written_leaves_no_record(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: object) -> None:
        raise StoreUnavailableError("full")

    with monkeypatch.context() as patch:
        patch.setattr(Contents, "put", full)
        refused(await server.ask("POST", f"{API}/post/98", STATE, who=SUPERADMIN), 503, "service_unavailable")
    refused(await server.ask("GET", f"{API}/98"), 404, "not_found")


async def test_a_content_that_can_not_be_deleted_is_gone_all_the_same(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise StoreUnavailableError("away")

    kept = await server.post(STATE)
    with monkeypatch.context() as patch:
        patch.setattr(Contents, "delete", away)
        assert (await server.ask("DELETE", f"{API}/{kept}")).status_code == 200
    refused(await server.ask("GET", f"{API}/{kept}"), 404, "not_found")


async def test_a_content_that_somebody_took_away_is_not_found_and_logged(
    postgres_server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    kept = await postgres_server.post(STATE)
    (tmp_path / "nglstate" / str(kept)).unlink()
    refused(await postgres_server.ask("GET", f"{API}/{kept}"), 404, "not_found")
    assert f"the content of {kept} is gone" in caplog.text


async def test_logs_say_who_posted_how_much_and_never_what(
    postgres_server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    secret = b'{"layers": ["very private"]}'
    kept = await postgres_server.post(secret)
    await postgres_server.content(kept)
    await postgres_server.ask("POST", f"{API}/post", secret + b"}")
    posted = [vars(each)["fields"] for each in caplog.records if each.getMessage() == "posted"]
    assert posted == [{"state": kept, "column": "state", "bytes": len(secret), "user_id": str(READER.id)}]
    assert "private" not in caplog.text + str([vars(each) for each in caplog.records])


async def test_a_killed_process_leaves_whole_states(postgres_dsn: str, tmp_path: Path) -> None:
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("KARST", "GOOGLE"))},
        "KARST_POSTGRES_DSN": postgres_dsn,
        "KARST_BUCKETS": str(tmp_path),
        "AUTH_DISABLED": "true",
        "KARST_RATE_PER_ADDRESS": "0",
        "KARST_RATE_PER_USER": "0",
    }
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM], env=environment, stdout=subprocess.PIPE, stderr=log
        )
    assert process.stdout is not None
    port = int(await asyncio.to_thread(process.stdout.readline))
    kept: list[int] = []
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}{API}", timeout=30) as client:

        async def post(worker: int) -> None:
            for number in range(10_000):
                content = b"[" + b"1," * 20_000 + f"{worker}, {number}]".encode()
                kept.append(int((await client.post("/post", content=content)).json().rpartition("/")[2]))

        workers = [asyncio.create_task(post(worker)) for worker in range(4)]
        while len(kept) < 20:
            assert process.poll() is None, (tmp_path / "log").read_text()
            done = [worker.exception() for worker in workers if worker.done()]
            assert done == [], (tmp_path / "log").read_text()
            await asyncio.sleep(0.01)
        os.kill(process.pid, signal.SIGKILL)
        with contextlib.suppress(httpx.HTTPError):
            await asyncio.gather(*workers)
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
    process.wait(10)
    process.stdout.close()
    settings: StateSettings = unlimited(postgres_dsn=SecretStr(postgres_dsn), buckets_folder=tmp_path)
    async with serving(settings) as server:
        for state_id in kept:
            assert (await server.content(state_id)).startswith(b"[1,")
        async with await psycopg.AsyncConnection.connect(postgres_dsn) as connection:
            rows = await connection.execute("SELECT id FROM documents WHERE collection = 'nglstate_states'")
            everything = [int(row[0]) for row in await rows.fetchall()]
        assert set(kept) <= set(everything)
        for state_id in everything:
            assert (await server.states.find(Column.STATE, state_id)).size_bytes == len(await server.content(state_id))


_PROGRAM = """
import asyncio, os, socket
import uvicorn
from karst_nglstate.main import application
listening = socket.socket()
listening.bind(("127.0.0.1", 0))
listening.listen()
print(listening.getsockname()[1], flush=True)
uvicorn.Server(uvicorn.Config(application(), log_level="warning")).run(sockets=[listening])
"""
