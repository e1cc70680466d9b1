"""Many writers of one thing, through several servers of one store: nothing is lost, and one of them is the first."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest

from services_src.clio.tests.concurrency.conftest import ADMIN, WRITERS, Shared
from services_src.clio.tests.processes import bearer

pytestmark = pytest.mark.anyio
POINT = {"kind": "point", "pos": [1, 2, 3]}


@pytest.fixture
async def clients(shared: Shared) -> AsyncIterator[Sequence[httpx.AsyncClient]]:
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(each.client()) for each in shared.servers]


async def post(client: httpx.AsyncClient, path: str, body: object, user: str = WRITERS[0]) -> Any:  # noqa: ANN401 - JSON
    answer = await client.post(path, json=body, headers=bearer(user))
    assert answer.status_code == 200, answer.text
    return answer.json()


async def get(client: httpx.AsyncClient, path: str, user: str = WRITERS[0]) -> Any:  # noqa: ANN401 - JSON
    answer = await client.get(path, headers=bearer(user))
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_32_merge_into_one_annotation(clients: Sequence[httpx.AsyncClient], dataset: str) -> None:
    path, owner = f"/v2/annotations/{dataset}", WRITERS[0]
    fields: list[dict[str, object]] = [{"title": "T"}, {"description": "d"}, {"tags": ["t"]}, {"prop": {"p": 1}}]
    bodies = [POINT | fields[place % 4] | {"user": owner} for place in range(32)]
    await asyncio.gather(
        *(post(clients[place % 2], f"{path}?replace=false", body, WRITERS[place]) for place, body in enumerate(bodies))
    )
    whole = {"user": owner, "key": "Pt1_2_3", **POINT} | {"title": "T", "description": "d", "tags": ["t"]}
    for client in clients:
        assert await get(client, path) == [whole | {"prop": {"p": 1}}]


async def test_32_merge_into_one_neuron(clients: Sequence[httpx.AsyncClient], dataset: str) -> None:
    path = f"/v2/json-annotations/{dataset}/neurons"
    await asyncio.gather(
        *(
            post(clients[place % 2], path, [{"bodyid": 5, f"field{place}": place}], writer)
            for place, writer in enumerate(WRITERS)
        )
    )
    whole: dict[str, object] = {"bodyid": 5}
    for place, writer in enumerate(WRITERS):
        whole |= {f"field{place}": place, f"field{place}_user": writer}
    for client in clients:
        assert await get(client, f"{path}/id-number/5?show=user") == [whole]
        assert set(await get(client, f"{path}/fields")) >= {f"field{place}" for place in range(32)}


async def test_32_at_one_fresh_place_of_the_atlas_get_one_entry(
    clients: Sequence[httpx.AsyncClient], dataset: str
) -> None:
    path, entry = f"/v2/atlas/{dataset}?x=1&y=2&z=3", {"title": "T", "user": WRITERS[0]}
    answers = await asyncio.gather(
        *(post(clients[place % 2], path, entry | {"n": place}, writer) for place, writer in enumerate(WRITERS))
    )
    assert len({each["id"] for each in answers}) == 1
    found = await get(clients[0], f"/v2/atlas/{dataset}")
    assert found["1_2_3"] in answers


async def test_of_conditional_posts_one_is_the_first(clients: Sequence[httpx.AsyncClient], dataset: str) -> None:
    owner, path = WRITERS[0], f"/v2/annotations/{dataset}?replace=false&conditional=title,description"
    neurons = f"/v2/json-annotations/{dataset}/neurons"
    once = f"{neurons}?conditional=user,status"

    async def write(place: int, writer: str) -> None:
        both = {"user": owner, "title": writer, "description": writer}
        await post(clients[place % 2], path, POINT | both, writer)
        await post(clients[(place + 1) % 2], once, {"bodyid": 5, "user": writer, "status": writer}, writer)

    await asyncio.gather(*(write(place, writer) for place, writer in enumerate(WRITERS)))
    (annotation,) = await get(clients[0], f"/v2/annotations/{dataset}")
    assert annotation["title"] == annotation["description"]
    assert annotation["title"] in WRITERS
    (neuron,) = await get(clients[1], f"{neurons}/id-number/5?show=user")
    assert neuron["user"] == neuron["status"] == neuron["status_user"]
    assert neuron["user"] in WRITERS
    await write(0, WRITERS[31])
    assert await get(clients[1], f"/v2/annotations/{dataset}") == [annotation]
    assert await get(clients[0], f"{neurons}/id-number/5?show=user") == [neuron]


async def test_a_post_after_a_lost_answer_changes_nothing(clients: Sequence[httpx.AsyncClient], dataset: str) -> None:
    """The client doesn't know that the first server has written, and asks the other one."""
    neurons = f"/v2/json-annotations/{dataset}/neurons"
    posts: dict[str, object] = {
        f"/v2/annotations/{dataset}": [POINT, {"kind": "point", "pos": [4, 5, 6], "title": "T"}],
        f"/v2/annotations/{dataset}?replace=false": POINT | {"tags": ["t"]},
        f"/annotations/{dataset}?x=1&y=2&z=3": {"foo": "bar"},
        f"/v2/savedsearches/{dataset}?x=1&y=2&z=3": {"foo": "bar"},
        f"/v2/atlas/{dataset}?x=1&y=2&z=3": {"title": "T", "user": WRITERS[0]},
        neurons: [{"bodyid": body, "type": "DNp01"} for body in range(1, 100)],
        f"{neurons}?replace=true": [{"bodyid": 100, "type": "a"}],
        f"{neurons}?version=v0.2": [{"bodyid": 101, "type": "a"}],
    }

    async def everything() -> list[Any]:
        reads = [path.partition("?")[0] for path in posts if "json" not in path]
        found = [await get(clients[0], path) for path in dict.fromkeys(reads)]
        history = await clients[0].post(
            f"{neurons}/query?changes=true&show=all", json={"bodyid": list(range(1, 110))}, headers=bearer(WRITERS[0])
        )
        return [*found, await get(clients[1], f"{neurons}/all?show=all"), history.json()]

    for path, body in posts.items():
        await post(clients[0], path, body)
    before = await everything()
    await asyncio.sleep(1.1)  # times of fields have seconds
    for path, body in posts.items():
        await asyncio.gather(*(post(client, path, body) for client in clients))
    assert await everything() == before


async def test_changes_of_users_and_datasets_reach_other_servers(
    clients: Sequence[httpx.AsyncClient], dataset: str
) -> None:
    """At once where they are made; elsewhere when caches are refreshed there. What is annotated is seen at once."""
    here, there = clients
    eve, path = "eve@example.org", f"/v2/json-annotations/{dataset}/neurons"
    assert await post(here, "/v2/users", {eve: {"datasets": {dataset: ["clio_write"]}}}, ADMIN) is None
    for client in clients:
        await post(client, path, {"bodyid": 7, "by": "eve"}, eve)
    assert await get(there, f"{path}/id-number/7", eve) == [{"bodyid": 7, "by": "eve"}]
    await post(here, "/v2/users", {eve: {"disabled": True}}, ADMIN)
    await post(here, "/v2/datasets", {"new": {"description": "d", "public": True}}, ADMIN)
    refused = await here.post(path, json={"bodyid": 7}, headers=bearer(eve))
    assert (refused.status_code, refused.json()) == (400, {"detail": "Inactive user"})
    assert "new" in await get(here, "/v2/datasets")
    await post(there, "/v2/server/refresh-caches", None, ADMIN)
    refused = await there.post(path, json={"bodyid": 7}, headers=bearer(eve))
    assert (refused.status_code, refused.json()) == (400, {"detail": "Inactive user"})
    assert "new" in await get(there, "/v2/datasets")
