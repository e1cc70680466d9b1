"""Large states are sent as they are unpacked, and never many at once."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx
import pytest

from karst_nglstate import contents
from karst_nglstate.contents import Contents
from karst_nglstate.record import Column, Record
from karst_platform.stores.objects import Objects
from services_src.nglstate.tests.support import API, HOST, Server, header, refused
from services_src.platform.tests.guard.people import READER

pytestmark = pytest.mark.anyio
LARGE = b"[" + b"1234567890," * 600_000 + b"1]"


@pytest.fixture
async def kept(postgres_server: Server) -> int:
    return await postgres_server.post(LARGE)


@pytest.mark.parametrize("is_older", [False, True])
async def test_large_states_come_whole(postgres_server: Server, kept: int, is_older: bool) -> None:
    """Those of older services don't say how large they are."""
    if is_older:
        records = postgres_server.states.records
        found = await records.get(kept, Column.STATE)
        assert found is not None

        async def without_size(state_id: int, column: Column) -> Record:
            return Record(
                id=state_id, column=column, user_id="", created=datetime.now(UTC), object_key=found.object_key
            )

        records.get = without_size
    for accepted in ("identity", "gzip", "deflate"):
        answer = await postgres_server.ask("GET", f"{API}/{kept}", headers={"Accept-Encoding": accepted})
        assert answer.content == LARGE
        is_told = not is_older or accepted != "identity"
        assert ("content-length" in answer.headers) is is_told
    raw = await postgres_server.ask("GET", f"{API}/raw/{kept}")
    assert zlib.decompress(raw.content) == LARGE


async def test_a_reader_that_leaves_harms_nobody(postgres_server: Server, kept: int) -> None:
    async with postgres_server.client.stream("GET", f"{HOST}{API}/{kept}", headers=header(READER)) as answer:
        assert answer.status_code == 200
    assert await postgres_server.content(kept) == LARGE


class Slow:
    """Objects that come piece by piece, when they may."""

    def __init__(self) -> None:
        self.started, self.go_on = asyncio.Semaphore(0), asyncio.Event()

    async def stream(self, key: str) -> AsyncIterator[bytes]:
        yield b"\x78" + b"a" * 900
        self.started.release()
        await self.go_on.wait()
        yield key.encode()


async def test_too_many_large_readers_are_told_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contents, "_HELD_BYTES", 2000)
    slow = Slow()

    async def nowhere() -> Objects | None:
        return None

    made = Contents(slow, nowhere)  # type: ignore[arg-type]
    record = Record(id=1, column=Column.STATE, user_id="", created=datetime.now(UTC), object_key="1")

    async def read() -> bytes | None:
        async with made.reading(record) as stream:
            return stream

    first = [asyncio.create_task(read()) for _ in range(2)]
    for _ in first:
        await slow.started.acquire()
    with pytest.raises(Exception, match="Too many large states") as told:
        await read()
    assert getattr(told.value, "status_code", None) == 503
    slow.go_on.set()
    assert [stream[-1:] for stream in await asyncio.gather(*first) if stream] == [b"1", b"1"]
    assert await read() is not None, "nothing of it is held any more"


async def test_answers_that_can_not_be_had_say_so(postgres_server: Server) -> None:
    answer: httpx.Response = await postgres_server.ask("GET", f"{API}/5", headers={"Accept-Encoding": "gzip"})
    refused(answer, 404, "not_found")
    assert "content-encoding" not in answer.headers
