"""Names and values that are hard to keep: each is kept exactly as it was sent, or refused and nothing is written."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import pytest

from karst_platform.stores.documents import Documents
from services_src.clio.tests.memory import MemoryDocuments
from services_src.clio.tests.support import Server, serving

pytestmark = pytest.mark.anyio
ADA = "ada@example.org"
NAMES = (
    "a/b", "/", "a.b", ".", "..", "", " ", "`", "``", "'", '"', "\\", "%2F", "$", "[]", "{tag}", "é", "e\u0301", "脑",
    "\u202e", "\ufeff", "\uffff", "🧠", "\t\n", "\x00", "\x7f", "__x__", "__", "_id", "x" * 1500, "x" * 2048,
    "脑" * 700, "constructor", "__proto__", "null", "true", "0", "-1",
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    2**63 - 1, -(2**63), 2**53 + 1, 0, 1e-300, 1.7976931348623157e308, 0.1, True, False, "", "\x00", "\uffff",
    [], {}, [[]], [[[1], []], {}], {"[]": [1]}, [{"[]": [1]}], [None], {"a": None},
)  # fmt: skip
UNPARSEABLE = (
    b'{"a": NaN}', b'{"a": -Infinity}', b'{"a": 1e999}', b'{"a": 9223372036854775808}', b'{"a": -9223372036854775809}',
    b'{"a": 1' + b"0" * 5000 + b"}", b'{"a": "\\ud800"}', b'{"a": "\\udc00\\ud800"}', b'{"\\ud800": 1}',
    b'{"a": "\xed\xa0\x80"}', b'{"a": ' + b"[" * 10_000 + b"]" * 10_000 + b"}",
    b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    b'{"a": 01}', b"{'a': 1}", b'{"a": 1,}', b'{"a": 1} {}', b"\xef\xbb\xbf{", b'{"a": 1e}',
)  # fmt: skip


class Thing:
    """Where an object can be written, and how it is found again."""

    def __init__(self, write: str, read: str, wrap: Callable[[Any], Any], find: Callable[[Any], Any]) -> None:
        self.write, self.read, self.wrap, self.find = write, read, wrap, find


def _point(given: object) -> dict[str, object]:
    return {"kind": "point", "pos": [1, 2, 3], "prop": given}


THINGS = {
    "annotation": Thing("/v2/annotations/ds", "/v2/annotations/ds", _point, lambda found: found[0]["prop"]),
    "first form": Thing(
        "/annotations/ds?x=1&y=2&z=3", "/annotations/ds", lambda given: {"v": given}, lambda found: found["1_2_3"]["v"]
    ),
    "search": Thing(
        "/v2/savedsearches/ds?x=1&y=2&z=3",
        "/v2/savedsearches/ds",
        lambda given: {"v": given},
        lambda found: found["1_2_3"]["v"],
    ),
    "atlas": Thing(
        "/v2/atlas/ds?x=1&y=2&z=3",
        "/v2/atlas/ds",
        lambda given: {"title": "T", "user": ADA, "v": given},
        lambda found: found["1_2_3"]["v"],
    ),
    "value": Thing("/v2/kv/s/k", "/v2/kv/s/k", lambda given: given, lambda found: found),
    "neuron": Thing(
        "/v2/json-annotations/ds/neurons",
        "/v2/json-annotations/ds/neurons/id-number/5",
        lambda given: {"bodyid": 5, "v": given},
        lambda found: found[0]["v"],
    ),
    "dataset": Thing(
        "/v2/datasets",
        "/v2/datasets/other?templates=true",
        lambda given: {"other": {"description": "d", "v": given}},
        lambda found: found["v"],
    ),
    "volume": Thing(
        "/v2/volumes",
        "/v2/volumes/other",
        lambda given: {"other": {"bucket": "b", "path": "p", "v": given}},
        lambda found: found["v"],
    ),
}


@pytest.fixture
async def server(documents: Documents) -> AsyncIterator[Server]:
    async with serving(documents, owner=ADA) as made:
        await made.add_user(ADA, global_roles=["clio_general", "clio_write", "admin"])
        await made.store((("clio_datasets", "ds"), {"description": "d", "public": True}))
        yield made


async def refused(server: Server, thing: Thing, each: Sequence[object]) -> list[object]:
    """Write one after the other and read it again; those that were refused, after which nothing was changed."""
    result: list[object] = []
    before = await server.ask("GET", thing.read, user=ADA)
    for given in each:
        body = json.dumps(thing.wrap(given), ensure_ascii=False).encode()
        answer = await server.ask("POST", thing.write, user=ADA, content=body)
        after = await server.ask("GET", thing.read, user=ADA)
        if answer.status_code == 200:
            assert json.dumps(thing.find(after.json()), sort_keys=True) == json.dumps(given, sort_keys=True)
        else:
            assert answer.status_code in (400, 422), answer.text
            assert answer.json()["detail"]
            assert after.content == before.content
            result.append(given)
        before = after
    return result


@pytest.mark.parametrize("name", THINGS)
async def test_names_are_kept_or_refused(server: Server, name: str) -> None:
    given = {each: {each: 1, "z": {each: [each]}} for each in NAMES}
    # Stores don't keep these, Firestore none of 1,500 bytes below another; values are one text, which keeps all.
    unfit = {"", "\x00", "__x__", "__proto__", "x" * 1500, "x" * 2048, "脑" * 700} if name != "value" else set[str]()
    may_be_refused = [given[each] for each in unfit]
    assert all(each in may_be_refused for each in await refused(server, THINGS[name], list(given.values())))


@pytest.mark.parametrize("name", THINGS)
async def test_values_are_kept_or_refused(server: Server, name: str) -> None:
    may_be_refused = [{"a": "\x00"}, {"a": [{"[]": [1]}]}]
    given = [{"a": each} for each in VALUES]
    assert all(each in may_be_refused for each in await refused(server, THINGS[name], given))


@pytest.mark.parametrize("name", THINGS)
async def test_what_is_no_json_is_refused(name: str) -> None:
    store = MemoryDocuments()
    async with serving(store, owner=ADA) as server:
        await server.add_user(ADA, global_roles=["clio_general", "clio_write", "admin"])
        await server.store((("clio_datasets", "ds"), {"description": "d", "public": True}))
        before = dict(store.documents)
        for content in UNPARSEABLE:
            answer = await server.ask("POST", THINGS[name].write, user=ADA, content=content)
            assert answer.status_code == 422, content[:60]
        assert store.documents == before


async def test_of_two_fields_of_one_name_the_last_counts(server: Server) -> None:
    thing = THINGS["value"]
    assert (await server.ask("POST", thing.write, user=ADA, content=b'{"a": 1, "a": 2}')).status_code == 200
    assert (await server.ask("GET", thing.read, user=ADA)).json() == {"a": 2}
    twice = b'{"kind": "point", "pos": [1, 2, 3], "user": "eve@example.org", "user": "ada@example.org"}'
    assert (await server.ask("POST", "/v2/annotations/ds", user=ADA, content=twice)).status_code == 200
    (found,) = (await server.ask("GET", "/v2/annotations/ds", user=ADA)).json()
    assert found["user"] == ADA
