"""Answers about groups, datasets, terms and tables, as clients read them."""

from __future__ import annotations

import httpx

from karst_auth.changes import terms
from karst_auth.changes.ledger import DEPLOYMENT
from karst_auth.main import Auth
from services_src.auth.tests.calling import Caller
from services_src.auth.tests.world import GATED, LAB, World


async def test_groups(client: httpx.AsyncClient, world: World) -> None:
    group, admin = world.groups["viewers"], Caller(client, world, "group_admin")
    both = [
        {"id": world.users["viewer"], "name": "Viewer", "admin": False},
        {"id": world.users["group_admin"], "name": "Group Admin", "admin": True},
    ]
    assert await admin("GET", f"/group/{group}/user") == both
    assert await admin("GET", "/group/9999/user") == []
    assert await admin("GET", f"/group/{group}/admin") == [{"id": world.users["group_admin"], "name": "Group Admin"}]
    assert await admin("GET", f"/group/{group}/dataset") == [
        {"id": world.datasets[name], "name": name, "permission": "view", "permission_id": 1} for name in (LAB, GATED)
    ]
    await admin("POST", f"/group/{group}/user", {"user_id": world.users["nobody"]})
    await admin("POST", f"/group/{group}/user", {"user_id": world.users["nobody"]}, expects=422)
    await admin("POST", f"/group/{group}/user", {"user_id": world.users["robot"]}, expects=422)
    await admin("POST", f"/group/{group}/service_account", {"sa_id": world.users["robot"]})
    assert await admin("GET", f"/group/{group}/service_account") == [{"id": world.users["robot"], "name": "Robot"}]
    await admin("PUT", f"/group/{group}/user/{world.users['nobody']}", {"admin": True})
    await admin("DELETE", f"/group/{group}/user/{world.users['nobody']}", expects=403)
    await Caller(client, world, "superadmin")("DELETE", f"/group/{group}/user/{world.users['nobody']}")
    await admin("DELETE", f"/group/{group}/service_account/{world.users['robot']}")
    await admin("DELETE", f"/group/{group}/service_account/{world.users['robot']}", expects=404)
    assert await Caller(client, world, "superadmin")("POST", "/group", {"name": "new"}) == "success"
    await Caller(client, world, "superadmin")("POST", "/group", {"name": "new"}, expects=422)


async def test_datasets_and_grants(client: httpx.AsyncClient, world: World) -> None:
    dataset, admin, every = (
        world.datasets[LAB],
        Caller(client, world, "dataset_admin"),
        Caller(client, world, "superadmin"),
    )
    assert await admin("GET", "/dataset") == [{"id": dataset, "name": LAB, "tos_id": None}]
    assert len(await every("GET", "/dataset")) == 3
    await admin("PUT", f"/dataset/{dataset}", {"tos_id": world.tos})
    await admin("PUT", f"/dataset/{dataset}", {"name": "mine"}, expects=403)
    await admin("PUT", f"/dataset/{dataset}", {"tos_id": 999}, expects=422)
    await admin("PUT", f"/dataset/{dataset}", {"tos_id": None})
    await every("PUT", f"/dataset/{dataset}", {"name": "h01_new"})
    assert await every("GET", "/service/datastack/table/h01_v1/dataset") == "h01_new"
    made = await every("POST", "/dataset", {"name": "new", "tos_id": None})
    assert made == {"id": made["id"], "name": "new", "tos_id": None}
    await every("POST", "/dataset", {"name": "new", "tos_id": None}, expects=422)
    await every("POST", "/dataset", {"name": "other"}, expects=400)
    await every("POST", "/dataset", {"name": "", "tos_id": None}, expects=400)
    await admin("POST", f"/dataset/{dataset}/admin", {"user_id": world.users["nobody"]})
    await admin("POST", f"/dataset/{dataset}/admin", {"user_id": world.users["nobody"]}, expects=422)
    await every("DELETE", f"/dataset/{dataset}/admin/{world.users['nobody']}")
    group = {"group_id": world.groups["viewers"]}
    await admin("POST", f"/dataset/{dataset}/group", {**group, "permission_ids": [2]})
    await admin("POST", f"/dataset/{dataset}/group", {**group, "permission_ids": [2]}, expects=422)
    assert (await Caller(client, world, "viewer")("GET", "/user/cache"))["permissions_v2"] == {
        "h01_new": ["view", "edit"]
    }
    await admin("DELETE", f"/dataset/{dataset}/group/{world.groups['viewers']}/permission/2")
    await admin("DELETE", f"/dataset/{dataset}/group/{world.groups['viewers']}/permission/2", expects=404)
    granted = await admin("GET", f"/dataset/{dataset}/group")
    assert {(each["name"], each["permission"]) for each in granted} == {
        ("viewers", "view"),
        ("editors", "view"),
        ("editors", "edit"),
    }


async def test_terms_and_permissions(client: httpx.AsyncClient, auth: Auth, world: World) -> None:
    every = Caller(client, world, "superadmin")
    made = await every("POST", "/tos", {"name": "New", "text": "# A\n\nb"})
    assert made == {"id": made["id"], "name": "New", "text": "# A\n\nb"}
    await every("PUT", f"/tos/{made['id']}", {"text": "c"})
    assert await every("GET", f"/tos/{made['id']}") == {**made, "text": "c"}
    await every("POST", "/tos", {"name": " ", "text": "x"}, expects=400)
    permission = await every("POST", "/permission", {"name": "admin_view"})
    await every("PUT", f"/permission/{permission['id']}", {"name": "admin"})
    await every("PUT", f"/permission/{permission['id']}", {"name": "view"}, expects=422)
    await every("PUT", "/permission/1", {"name": "view"})
    await every("PUT", "/permission/1", {"name": "see"}, expects=403)
    listed = await every("GET", "/permission")
    assert listed == [{"id": 1, "name": "view"}, {"id": 2, "name": "edit"}, {"id": permission["id"], "name": "admin"}]
    async with auth.needs.ledger.change(DEPLOYMENT) as change:
        await terms.accept(change, tos_id=world.tos, user_id=world.users["viewer"])
    assert await every("GET", f"/user/{world.users['viewer']}/tos") == [{"id": world.tos, "name": "Rules"}]
    record = await Caller(client, world, "viewer")("GET", "/user/cache")
    assert record["permissions"] == {LAB: 1, GATED: 1}


async def test_tables_and_roots(client: httpx.AsyncClient, world: World) -> None:
    call, every = Caller(client, world, "nobody"), Caller(client, world, "superadmin")
    assert await call("GET", "/service/datastack/table/h01_v1/dataset") == LAB
    await call("GET", "/service/datastack/table/h01/dataset", expects=404)
    await every("POST", "/service/datastack/table/new/dataset/h0", expects=404)
    await every("POST", "/service/datastack/table/new/dataset/h01_private")
    await every("POST", "/service/datastack/table/new/dataset/h01", expects=422)
    tables = {"h01_v1": LAB, "new": "h01_private"}
    assert await call("POST", "/service/datastack/tables/datasets", ["h01_v1", "new", "none"]) == tables
    await every("DELETE", "/service/datastack/table/new/dataset/h01", expects=404)
    await every("DELETE", "/service/datastack/table/new/dataset/h01_private")
    await call("GET", "/service/datastack/table/new/dataset", expects=404)
    root = 864691128640000000
    assert await call("GET", "/table/h01_table/has_public") is True
    assert await call("GET", f"/table/h01_table/root/{root}/is_public") is True
    assert await call("GET", "/table/h01_table/root/1/is_public") is False
    assert await call("POST", "/table/h01_table/root_all_public", [root]) is True
    assert await call("POST", "/table/h01_table/root_all_public", [root, 1]) is False
    assert await call("GET", "/table/h01_table/get_public_roots") == [root]
    many = [root + number for number in range(100_000)]
    assert await call("POST", "/table/h01_table/root_all_public", many) is False
    await call("POST", "/table/h01_table/root_all_public", [*many, 1], expects=422)
    for body in ([], {}, "x", [[1]], [1.5], [True]):
        refused = await call("POST", "/table/h01_table/root_all_public", body, expects=400)
        assert isinstance(refused, dict)
        assert refused["error"] == "missing_root_ids"
