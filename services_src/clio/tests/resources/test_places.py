"""Annotations of old and saved searches: one for each user and place, whatever others wrote before."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from karst_platform.stores.documents import Documents, Json, Query
from services_src.clio.tests.support import NOW_S, Server, serving

pytestmark = pytest.mark.anyio
ADA, BOB = "ada@example.org", "bob@example.org"


@dataclass(frozen=True)
class Resource:
    path: str
    collection: tuple[str, ...]


RESOURCES = {
    "annotations": Resource("/annotations/mb20", ("clio_annotations", "USER", "annotations")),
    "toplevel": Resource("/clio_toplevel/annotations/mb20", ("clio_annotations", "USER", "annotations")),
    "searches": Resource("/v2/savedsearches/mb20", ("clio_savedsearches", "USER", "searches")),
    "searches of old": Resource("/savedsearches/mb20", ("clio_savedsearches", "USER", "searches")),
}


@pytest.fixture(params=RESOURCES)
def resource(request: pytest.FixtureRequest) -> Resource:
    return RESOURCES[request.param]


@pytest.fixture
async def server(documents: Documents) -> AsyncIterator[Server]:
    async with serving(documents) as made:
        await made.store((("clio_datasets", "mb20"), {"description": "d", "public": True}))
        yield made


async def post(server: Server, resource: Resource, at: str, body: object, user: str = ADA, status: int = 200) -> None:
    answer = await server.ask("POST", resource.path + at, user=user, json=body)
    assert answer.status_code == status, answer.text
    if status == 200:
        assert answer.content == b"null"


async def read(server: Server, resource: Resource, user: str = ADA) -> dict[str, dict[str, Json]]:
    answer = await server.ask("GET", resource.path, user=user)
    assert answer.status_code == 200, answer.text
    return answer.json()


def of_server(key: str, timestamp: float = NOW_S, user: str = ADA) -> dict[str, Any]:
    location = [int(each) for each in key.split("_")]
    return {
        "timestamp": timestamp,
        "dataset": "mb20",
        "location": location,
        "locationkey": key,
        "email": user,
    }


async def test_writing_reading_and_removing(server: Server, resource: Resource) -> None:
    assert await read(server, resource) == {}
    await post(server, resource, "?x=50&y=30&z=50", {"foo": "bar", "脑": [[1], {"a": 2**63 - 1}]})
    await post(server, resource, "/?x=-1&y=0&z=9223372036854775807", {})
    await post(server, resource, "?x=50&y=30&z=50", {"foo": "hers"}, user=BOB)
    shown = await read(server, resource)
    ids = {key: each.pop("id") for key, each in shown.items()}
    assert shown == {
        "-1_0_9223372036854775807": of_server("-1_0_9223372036854775807"),
        "50_30_50": {"foo": "bar", "脑": [[1], {"a": 2**63 - 1}]} | of_server("50_30_50"),
    }
    assert len({str(each) for each in ids.values()}) == 2
    answer = await server.ask("DELETE", f"{resource.path}/?x=50&y=30&z=50", user=ADA)
    assert (answer.status_code, answer.content) == (200, b"null")
    answer = await server.ask("DELETE", f"{resource.path}?x=7&y=7&z=7", user=ADA)
    assert (answer.status_code, answer.content) == (200, b"null")
    assert list(await read(server, resource)) == ["-1_0_9223372036854775807"]
    assert list(await read(server, resource, BOB)) == ["50_30_50"]


async def test_the_same_place_is_overwritten(server: Server, resource: Resource) -> None:
    await post(server, resource, "?x=1&y=2&z=3", {"a": 1, "b": 2})
    first = (await read(server, resource))["1_2_3"]
    server.clock.now_s += 10
    await post(server, resource, "?x=1&y=2&z=3", {"a": 1, "b": 2})
    assert (await read(server, resource))["1_2_3"] == first
    answer = await server.ask("PUT", f"{resource.path}?x=1&y=2&z=3", user=ADA, json={"c": 3})
    assert answer.content == b"null"
    second = (await read(server, resource))["1_2_3"]
    assert second == {"c": 3, "id": first["id"]} | of_server("1_2_3", NOW_S + 10)


async def test_what_the_server_sets_wins(server: Server, resource: Resource) -> None:
    lies: dict[str, Json] = dict.fromkeys(("timestamp", "dataset", "location", "locationkey", "email", "id"), "lie")
    await post(server, resource, "?x=1&y=2&z=3", lies)
    shown = await read(server, resource)
    assert shown.pop("1_2_3")["id"] != "lie"
    assert shown == {}
    await post(server, resource, "?x=1&y=2&z=3", lies | {"a": 1})
    entry = (await read(server, resource))["1_2_3"]
    assert {name: value for name, value in entry.items() if name != "id"} == {"a": 1} | of_server("1_2_3")


async def test_duplicates_of_old_count_as_one(server: Server, resource: Resource) -> None:
    old = {"foo": "old"} | of_server("1_2_3", 100.5)
    new = {"foo": "new"} | of_server("1_2_3", 200)
    await server.store(
        ((*resource.collection, "AAAA"), old),
        ((*resource.collection, "BBBB"), new),
        ((*resource.collection, "CCCC"), {"foo": "no time"} | {n: v for n, v in old.items() if n != "timestamp"}),
        ((*resource.collection, "DDDD"), {"foo": "other"} | of_server("1_2_3", 300, BOB)),
    )
    assert await read(server, resource) == {"1_2_3": new | {"id": "BBBB"}}
    await post(server, resource, "?x=1&y=2&z=3", {"foo": "newest"})
    assert await read(server, resource) == {"1_2_3": {"foo": "newest", "id": "BBBB"} | of_server("1_2_3")}
    kept = [each.id async for each in server.documents.find(Query(collection=resource.collection))]
    assert kept == ["BBBB", "DDDD"]
    await server.store(((*resource.collection, "AAAA"), old))
    await server.ask("DELETE", f"{resource.path}?x=1&y=2&z=3", user=ADA)
    assert await read(server, resource) == {}
    assert list(await read(server, resource, BOB)) == ["1_2_3"]


async def test_bad_locations_are_refused(server: Server, resource: Resource) -> None:
    for at in ("", "?x=1&y=2", "?x=1&y=2&z=", "?x=1&y=2&z=a", "?x=1&y=2&z=1.5", "?x=1&y=2&z=9223372036854775808"):
        await post(server, resource, at, {}, status=422)
        assert (await server.ask("DELETE", resource.path + at, user=ADA)).status_code == 422, at
    assert await read(server, resource) == {}


async def test_bad_bodies_are_refused(server: Server, resource: Resource) -> None:
    for body in (None, [], [{}], "x", 1, {"": 1}, {"a": {"__b__": 1}}, {"a": "\x00"}, {"a": "x" * (1 << 20)}):
        await post(server, resource, "?x=1&y=2&z=3", body, status=422)
    assert await read(server, resource) == {}


async def test_many_at_one_fresh_place_leave_one(server: Server, resource: Resource) -> None:
    await asyncio.gather(*(post(server, resource, "?x=1&y=2&z=3", {"n": place}) for place in range(32)))
    assert list(await read(server, resource)) == ["1_2_3"]
    assert len([each async for each in server.documents.find(Query(collection=resource.collection))]) == 1
