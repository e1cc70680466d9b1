"""A server that is killed in the middle of bulk posts: whole batches are there or not, and a repeated post mends it."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from services_src.clio.tests.concurrency.conftest import WRITERS, Shared
from services_src.clio.tests.processes import Running, bearer, running

pytestmark = pytest.mark.anyio
MANY, NEURONS, NEURONS_A_BATCH = 4000, 2000, 400
TEXT = "x" * 500


def posts(dataset: str) -> dict[str, list[dict[str, Any]]]:
    """What is posted where; of the reads below, the first is of the first."""
    points = [{"kind": "point", "pos": [x, 0, 0], "title": TEXT, "description": TEXT} for x in range(MANY)]
    bodies = [{"bodyid": body, "type": TEXT, "status": TEXT} for body in range(1, NEURONS + 1)]
    return {f"/v2/annotations/{dataset}": points, f"/v2/json-annotations/{dataset}/neurons": bodies}


async def stored(client: httpx.AsyncClient, dataset: str) -> tuple[list[Any], list[Any]]:
    found: list[list[Any]] = []
    for path in (f"/v2/annotations/{dataset}", f"/v2/json-annotations/{dataset}/neurons/all?show=all"):
        answer = await client.get(path, headers=bearer(WRITERS[0]))
        assert answer.status_code == 200
        found.append(answer.json())
    return found[0], found[1]


async def post_until_killed(server: Running, dataset: str, after_s: float) -> None:
    async with server.client(WRITERS[0]) as client:
        assert (await client.get(f"/v2/annotations/{dataset}")).json() == []
        posting = [asyncio.create_task(client.post(path, json=body)) for path, body in posts(dataset).items()]
        await asyncio.sleep(after_s)
        await asyncio.to_thread(server.kill)
        said = await asyncio.gather(*posting, return_exceptions=True)
    assert any(isinstance(each, httpx.TransportError) for each in said), "it was killed too late"


async def test_a_killed_server_leaves_whole_batches(shared: Shared, dataset: str) -> None:
    with running(shared.settings) as victim:
        await post_until_killed(victim, dataset, after_s=0.25)
    async with shared.servers[0].client(WRITERS[0]) as client:
        annotations, neurons = await stored(client, dataset)
        if "KARST_POSTGRES_DSN" in shared.settings:
            assert len(annotations) in (0, MANY)
        assert len(neurons) % NEURONS_A_BATCH == 0
        assert all(each["title"] == each["description"] == TEXT for each in annotations)
        assert all(each["type"] == each["status"] == TEXT for each in neurons)
        for path, body in posts(dataset).items():
            assert (await client.post(path, json=body)).status_code == 200
        whole = await stored(client, dataset)
        assert (len(whole[0]), len(whole[1])) == (MANY, NEURONS)
        before = {each["bodyid"]: each for each in whole[1]}
        assert all(before[each["bodyid"]] == each for each in neurons), "what was written before is as it was"
        for path, body in posts(dataset).items():
            assert (await client.post(path, json=body)).status_code == 200
        assert await stored(client, dataset) == whole
