"""Values under scope and key: any JSON object, under any name, up to 32 MiB, whole at any time."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator
from urllib.parse import quote

import pytest

from karst_platform.stores.documents import Documents
from services_src.clio.tests.support import NOW_S, Server, serving

pytestmark = pytest.mark.anyio
ADA, BOB = "ada@example.org", "bob@example.org"
ODD_NAMES = ("..", ".", "__x__", "~a", "脑 é", "a.b", "%2F", "a\x00b", "x" * 700, "脑" * 660, " ", "?#&=")


@pytest.fixture
async def server(documents: Documents) -> AsyncIterator[Server]:
    async with serving(documents, test_user=ADA) as made:
        yield made


def path(*names: str) -> str:
    return "/v2/kv/" + "/".join(
        quote(name, safe="") if name not in {".", ".."} else name.replace(".", "%2E") for name in names
    )


async def put(server: Server, body: object, *names: str, user: str = ADA, status: int = 200) -> None:
    content = json.dumps(body).encode()
    answer = await server.ask("POST", path(*names), user=user, content=content, headers={"Content-Type": "text/plain"})
    assert answer.status_code == status, answer.text[:500]
    if status == 200:
        assert answer.content == b"null"


async def get(server: Server, *names: str, query: str = "", user: str = ADA, status: int = 200) -> object:
    answer = await server.ask("GET", path(*names) + query, user=user)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/json"), answer.text[:500]
    return answer.json()


async def remove(server: Server, *names: str, user: str = ADA) -> None:
    answer = await server.ask("DELETE", path(*names), user=user)
    assert (answer.status_code, answer.content) == (200, b"null"), answer.text


async def test_writing_reading_and_removing(server: Server) -> None:
    assert await get(server, "s") == {}
    assert set(await get(server, "s", "k", status=404)) == {"detail"}  # type: ignore[call-overload]
    await put(server, {"1034": [1035, [2**63 - 1]], "_timestamp": 5}, "s", "k")
    await put(server, {}, "s", "empty")
    assert await get(server, "s", "k") == {"1034": [1035, [2**63 - 1]]}
    assert await get(server, "s", "k", query="/?timestamp=true") == {"1034": [1035, [2**63 - 1]], "_timestamp": NOW_S}
    assert await get(server, "s", "empty", query="?timestamp=1") == {"_timestamp": NOW_S}
    assert await get(server, "s") == {"empty": {}, "k": {"1034": [1035, [2**63 - 1]]}}
    assert await get(server, "s", query="?timestamp=on") == {
        "empty": {"_timestamp": NOW_S},
        "k": {"1034": [1035, [2**63 - 1]], "_timestamp": NOW_S},
    }
    assert await get(server, "s", user=BOB) == {}
    await get(server, "s", "k", user=BOB, status=404)
    await get(server, "s", "k", query="?timestamp=perhaps", status=422)
    await put(server, {"new": 1}, "s", "k")
    assert await get(server, "s", "k") == {"new": 1}
    await remove(server, "s", "k", user=BOB)
    await remove(server, "s", "k")
    await remove(server, "s", "k")
    assert await get(server, "s") == {"empty": {}}


async def test_odd_names(server: Server) -> None:
    for name in ODD_NAMES:
        await put(server, {"is": name}, name, name)
        await put(server, {"is": f"plain {name}"}, "plain", name)
    for name in ODD_NAMES:
        assert await get(server, name, name) == {"is": name}
        assert await get(server, name) == {name: {"is": name}}
    assert await get(server, "plain") == {name: {"is": f"plain {name}"} for name in ODD_NAMES}
    for name in ODD_NAMES:
        await remove(server, "plain", name)
    assert await get(server, "plain") == {}


async def test_slashes_lead_nowhere(server: Server) -> None:
    for odd in ("/v2/kv/a%2Fb/c", "/v2/kv/a/b/c", "/v2/kv/a//c"):
        answer = await server.ask("POST", odd, user=ADA, json={})
        assert (answer.status_code, answer.json()) == (404, {"detail": "Not Found"}), odd


async def test_any_object_can_be_a_value(server: Server) -> None:
    for value in (
        {"": 1, "__x__": {"__y__": {}}, ".": {"..": "\x00"}, "a/b.c": None, "é" * 2000: [[[1.5]], True]},
        {"many": list(range(1000)), **{str(number): [number] for number in range(60_000)}},
        {"deep": json.loads("[" * 100 + "]" * 100)},
    ):
        await put(server, value, "s", "k")
        assert await get(server, "s", "k") == value
    answer = await server.ask("GET", path("s", "k"), user=ADA)
    await put(server, {"é": "脑"}, "s", "k")
    answer = await server.ask("GET", path("s", "k"), user=ADA)
    assert answer.content == '{"é":"脑"}'.encode()


async def test_nothing_but_objects_is_a_value(server: Server) -> None:
    for body in ([], [{}], None, "x", 5, True):
        await put(server, body, "s", "k", status=422)
    for content in (b"", b"{", b'{"a":NaN}', b'{"a":1e999}', b'{"a":9223372036854775808}', b'{"a":"\\ud800"}'):
        answer = await server.ask("POST", path("s", "k"), user=ADA, content=content)
        assert answer.status_code == 422, content
    assert await get(server, "s") == {}


def random_text(size: int, seed: int) -> str:
    """Letters that don't compress well."""
    return random.Random(seed).randbytes(size // 2).hex()


async def test_large_values_come_back_whole(server: Server) -> None:
    text = random_text(6 << 20, 1)
    await put(server, {"a": text}, "s", "k")
    await put(server, {"b": 1}, "s", "small")
    assert await get(server, "s") == {"k": {"a": text}, "small": {"b": 1}}
    collection = ("clio_keyvalue", ADA, "s", "k", "parts")
    parts = await server.documents.children(collection)
    assert len(parts) >= 4
    await put(server, {"a": text + "!"}, "s", "k")
    assert await get(server, "s", "k") == {"a": text + "!"}
    assert set(parts).isdisjoint(await server.documents.children(collection))
    await put(server, {"c": 1}, "s", "k")
    assert await get(server, "s", "k") == {"c": 1}
    assert await server.documents.children(collection) == []
    await put(server, {"a": text}, "s", "k")
    await remove(server, "s", "k")
    assert await server.documents.children(collection) == []


async def test_the_largest_value_and_one_that_is_too_large(server: Server) -> None:
    most = (32 << 20) - len('{"a":""}')
    await put(server, {"a": "x" * most}, "s", "k")
    answer = await server.ask("GET", path("s", "k"), user=ADA)
    assert answer.content == b'{"a":"' + b"x" * most + b'"}'
    await put(server, {"a": "x" * (most + 1)}, "s", "k", status=413)
    assert len((await server.ask("GET", path("s", "k"), user=ADA)).content) == 32 << 20


async def test_readers_and_writers_at_once_see_whole_values(server: Server) -> None:
    texts = [random_text(2 << 20, seed) for seed in range(3)]
    await put(server, {"a": texts[0]}, "s", "k")

    async def write() -> None:
        for text in texts[1:]:
            await put(server, {"a": text}, "s", "k")

    async def read() -> None:
        for _ in range(3):
            value = await get(server, "s", "k")
            assert isinstance(value, dict)
            assert value["a"] in texts

    await asyncio.gather(write(), write(), read(), read())
    collection = ("clio_keyvalue", ADA, "s", "k", "parts")
    generations = {name.rpartition("-")[0] for name in await server.documents.children(collection)}
    assert len(generations) == 1


async def test_parts_of_writers_that_went_away_are_removed_in_the_end(server: Server) -> None:
    part = ("clio_keyvalue", ADA, "s", "k", "parts", f"{int(NOW_S * 1000):015d}-abc-0000")
    await server.store((part, {"data": "x"}))
    text = random_text(2 << 20, 1)
    await put(server, {"a": text}, "s", "k")
    assert await server.documents.get(part) is not None
    server.clock.now_s += 3601
    await put(server, {"a": text}, "s", "k")
    assert await server.documents.get(part) is None
    assert await get(server, "s", "k") == {"a": text}


async def test_values_of_old_are_read(server: Server) -> None:
    fields = {"1034": [1035], "_timestamp": 100.5}
    await server.store((("clio_keyvalue", ADA, "s", "old"), fields), (("clio_keyvalue", ADA, "s", "bare"), {"a": 1}))
    assert await get(server, "s") == {"bare": {"a": 1}, "old": {"1034": [1035]}}
    assert await get(server, "s", "old", query="?timestamp=true") == fields
    assert await get(server, "s", "bare", query="?timestamp=true") == {"a": 1}
    await put(server, {"new": 1}, "s", "old")
    assert await get(server, "s", "old", query="?timestamp=true") == {"new": 1, "_timestamp": NOW_S}
