"""What is too large, too much at once, or meant to do harm."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import zlib
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest
from pydantic import SecretStr
from starlette.types import Message

from karst_nglstate import bodies
from karst_nglstate.record import Column
from services_src.nglstate.tests.conftest import unlimited
from services_src.nglstate.tests.support import API, Server, header, refused, serving
from services_src.platform.tests.guard.people import READER, SUPERADMIN

pytestmark = pytest.mark.anyio
LIMIT = 2048 * 1024


@pytest.fixture
async def small(postgres_dsn: str, tmp_path: Path) -> AsyncIterator[Server]:
    """A service that takes bodies of 2 MiB."""
    settings = unlimited(buckets_folder=tmp_path, postgres_dsn=SecretStr(postgres_dsn), body_limit_kib=2048)
    async with serving(settings) as made:
        yield made


async def test_large_bodies_are_refused_by_their_length_and_while_they_come(small: Server) -> None:
    whole = b'"' + b"a" * LIMIT + b'"'

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(whole), 1 << 16):
            yield whole[start : start + (1 << 16)]

    refused(await small.ask("POST", f"{API}/post", whole), 413, "content_too_large")
    answer = await small.client.post(f"https://g.example.org{API}/post", content=pieces(), headers=header(READER))
    refused(answer, 413, "content_too_large")
    largest = b'"' + b"a" * (LIMIT - 2) + b'"'
    assert await small.content(await small.post(largest)) == largest


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_bombs_do_not_go_off(small: Server, encoding: str) -> None:
    inside = b'"' + b"a" * (200 << 20) + b'"'
    bomb = gzip.compress(inside, 1) if encoding == "gzip" else zlib.compress(inside, 1)
    assert len(bomb) < LIMIT
    del inside
    answers = await asyncio.gather(
        *(small.ask("POST", f"{API}/post", bomb, headers={"Content-Encoding": encoding}) for _ in range(5))
    )
    for answer in answers:
        assert answer.status_code in (413, 503), answer.text
    refused(answers[0], answers[0].status_code, answers[0].json()["error"])
    assert await small.post(b"1") > 0, "nothing of it is held any more"


async def test_what_does_not_compress_is_refused_beyond_the_limit(
    postgres_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "LARGEST_COMPRESSED_BYTES", 100_000)
    content = json.dumps(os.urandom(100_000).hex()).encode()
    refused(await postgres_server.ask("POST", f"{API}/post", content), 413, "content_too_large")


async def test_too_much_at_once_is_told_to_come_again(small: Server) -> None:
    arrived, go_on = asyncio.Semaphore(0), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield b'"' + b"a" * (LIMIT - 100)
        arrived.release()
        await go_on.wait()
        yield b'"'

    url = f"https://g.example.org{API}/post"
    first = [asyncio.create_task(small.client.post(url, content=slow(), headers=header(READER))) for _ in range(2)]
    for _ in first:
        await arrived.acquire()
    answer = await small.ask("POST", f"{API}/post", b'"' + b"b" * 100_000 + b'"')
    refused(answer, 503, "service_unavailable")
    assert answer.headers["retry-after"] == "2"
    go_on.set()
    assert [each.status_code for each in await asyncio.gather(*first)] == [200, 200]
    assert (await small.ask("POST", f"{API}/post", b'"' + b"b" * 100_000 + b'"')).status_code == 200


async def test_a_client_that_leaves_holds_nothing(small: Server, caplog: pytest.LogCaptureFixture) -> None:
    async def leave() -> list[Message]:
        messages = [
            {"type": "http.request", "body": b'"' + b"a" * (LIMIT - 100), "more_body": True},
            {"type": "http.disconnect"},
        ]
        sent: list[Message] = []

        async def receive() -> Message:
            return messages.pop(0)

        async def send(message: Message) -> None:
            sent.append(message)

        headers = [(name.lower().encode(), value.encode()) for name, value in header(READER).items()]
        scope = {"type": "http", "method": "POST", "path": f"{API}/post", "raw_path": b"", "query_string": b""}
        scope |= {"headers": [(b"host", b"g.example.org"), *headers], "scheme": "https", "client": ("192.0.2.1", 1)}
        await small.app(scope, receive, send)
        return sent

    for _ in range(4):
        assert (await leave())[0]["status"] == 400
    assert await small.post(b'"' + b"b" * 1_000_000 + b'"') > 0
    assert "unexpected error" not in caplog.text


async def test_200_read_one_state_at_a_time(server: Server) -> None:
    content = b"[" + b"1," * 5000 + b"1]"
    kept = await server.post(content)
    answers = await asyncio.gather(*(server.ask("GET", f"{API}/{kept}") for _ in range(200)))
    assert {(answer.status_code, answer.content == content) for answer in answers} == {(200, True)}


async def test_200_choose_one_id_at_a_time_and_one_gets_it(server: Server) -> None:
    async def choose(number: int) -> tuple[int, bytes]:
        content = json.dumps({"number": number}).encode()
        answer = await server.ask("POST", f"{API}/post/77", content, who=SUPERADMIN)
        return answer.status_code, content

    answers = [
        each for start in range(0, 200, 50) for each in await asyncio.gather(*map(choose, range(start, start + 50)))
    ]
    assert sorted({status for status, _ in answers}) == [200, 409]
    (winner,) = [content for status, content in answers if status == 200]
    assert await server.content(77) == winner


async def test_reading_writes_nothing_until_the_minute_is_over(server: Server) -> None:
    kept = await server.post(b"1")
    before = await server.states.find(Column.STATE, kept)
    writes: list[str] = []
    counted = server.states.records.count

    async def count(reads: Mapping[tuple[str, int], int]) -> None:
        writes.append(str(reads))
        await counted(reads)

    server.states.records.count = count
    for _ in range(3):
        await server.content(kept)
    assert writes == []
    await server.states.reads.tell()
    assert len(writes) == 1
    assert ": 3}" in writes[0]
    assert await server.states.find(Column.STATE, kept) == before
    await server.states.reads.tell()
    assert len(writes) == 1
