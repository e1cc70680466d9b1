"""What is made in the name of a deployment's declaration is told apart from what people make by hand."""

from __future__ import annotations

import httpx
import pytest

from services_src.auth.tests.world import World

DEMO = {"X-Karst-Declaration": "demo"}


@pytest.fixture
def boss(world: World) -> dict[str, str]:
    return world.header("superadmin")


async def things(client: httpx.AsyncClient, boss: dict[str, str], deployment: str = "demo") -> set[str]:
    return set((await client.get(f"/declaration/{deployment}", headers=boss)).json())


async def test_what_a_declaration_makes_is_marked_and_nothing_else(
    client: httpx.AsyncClient, world: World, boss: dict[str, str]
) -> None:
    made = (await client.post("/dataset", headers=boss | DEMO, json={"name": "tiny", "tos_id": None})).json()["id"]
    await client.post("/dataset", headers=boss, json={"name": "by hand", "tos_id": None})
    assert (await client.post("/group", headers=boss | DEMO, json={"name": "lab"})).json() == "success"
    group = (await client.get("/group", headers=boss, params={"name": "lab"})).json()[0]["id"]
    assert (await client.get(f"/group/{group}/user", headers=boss)).json() == [], "a program runs no group"
    grant = {"group_id": group, "permission_ids": [1, 2]}
    assert (await client.post(f"/dataset/{made}/group", headers=boss | DEMO, json=grant)).status_code == 200
    viewer = world.users["viewer"]
    await client.post(f"/group/{group}/user", headers=boss | DEMO, json={"user_id": viewer})
    await client.post("/service/datastack/table/tiny/dataset/tiny", headers=boss | DEMO)
    assert await things(client, boss) == {
        f"dataset/{made}",
        f"group/{group}",
        f"grant/{made}/{group}/1",
        f"grant/{made}/{group}/2",
        f"member/{group}/{viewer}",
        "table/datastack/tiny",
    }
    assert await things(client, boss, "other") == set()


async def test_what_comes_back_by_hand_is_somebodys_own(
    client: httpx.AsyncClient, world: World, boss: dict[str, str]
) -> None:
    dataset, group = world.datasets["h01"], world.groups["viewers"]
    path = "/service/datastack/table/tiny/dataset/h01"
    await client.post(path, headers=boss | DEMO)
    await client.post(f"/dataset/{dataset}/group", headers=boss | DEMO, json={"group_id": group, "permission_ids": [2]})
    assert len(await things(client, boss)) == 2
    await client.delete(path, headers=boss)
    await client.delete(f"/dataset/{dataset}/group/{group}/permission/2", headers=boss)
    assert await things(client, boss) == set()
    await client.post(path, headers=boss)
    assert await things(client, boss) == set()


async def test_a_declaration_takes_over_what_it_changes_and_loses_it_with_the_thing(
    client: httpx.AsyncClient, world: World, boss: dict[str, str]
) -> None:
    dataset = world.datasets["h01"]
    await client.put(f"/dataset/{dataset}", headers=boss | DEMO, json={"tos_id": None})
    assert await things(client, boss) == {f"dataset/{dataset}"}
    await client.put(f"/dataset/{dataset}", headers=boss, json={"tos_id": world.tos})
    assert await things(client, boss) == {f"dataset/{dataset}"}, "changed by hand, and declared still"
    refused = await client.delete(f"/dataset/{dataset}", headers=boss)
    assert refused.status_code == 422, "a table belongs to it"
    await client.delete("/service/datastack/table/h01_v1/dataset/h01", headers=boss)
    assert (await client.delete(f"/dataset/{dataset}", headers=boss)).json() == "success"
    assert (await client.delete(f"/group/{world.groups['viewers']}", headers=boss | DEMO)).json() == "success"
    assert await things(client, boss) == set()


async def test_only_superadmins_act_for_a_declaration(client: httpx.AsyncClient, world: World) -> None:
    path, body = f"/group/{world.groups['viewers']}/user", {"user_id": world.users["nobody"]}
    refused = await client.post(path, headers=world.header("group_admin") | DEMO, json=body)
    assert (refused.status_code, refused.json()["error"]) == (403, "missing_role")
    for name in ("", "a b", "x" * 121, "../demo", "d\u00e9mo".encode()):
        headers = [*world.header("superadmin").items(), ("X-Karst-Declaration", name)]
        answer = await client.post(path, headers=httpx.Headers(headers), json=body)  # type: ignore[arg-type]
        assert (answer.status_code, answer.json()["error"]) == (400, "bad_request"), name
