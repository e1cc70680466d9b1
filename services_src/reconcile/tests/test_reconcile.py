"""What a run makes, and what it leaves alone."""

from __future__ import annotations

import json
from typing import Any

import pytest

from karst_reconcile.faults import Exit, ReconcileError
from karst_reconcile.steps import Verb
from services_src.reconcile.tests.conftest import Lab, dataset, document, doing, steps

pytestmark = pytest.mark.anyio
API = "/auth/api/v1"


def without(told: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in told.items() if key not in keys}


async def test_everything_is_made_and_the_second_run_changes_nothing(lab: Lab) -> None:
    first = await lab.run(document(dataset()))
    assert (first.code, first.failed) == (Exit.DONE, [])
    state = await lab.state()
    assert state["dataset tiny"] == [
        ("tiny_editors", "admin_view"),
        ("tiny_editors", "edit"),
        ("tiny_editors", "view"),
        ("tiny_viewers", "view"),
    ]
    assert (state["group tiny_viewers"], state["group tiny_editors"]) == (["jill"], ["uploads"])
    assert (state["terms"], state["permissions"]) == (["Terms"], ["admin_view", "edit", "view"])
    tiny = next(each for each in state["datastack"] if each["name"] == "tiny")
    assert (tiny["declaration"], tiny["viewer_site"]) == ("demo", "https://viewer.example.org")
    assert (tiny["aligned_volume"], tiny["analysis_database"]) == ("tiny_v1", "tiny")
    token = json.loads((lab.tokens / "uploads-token.json").read_text())["token"]
    caller = await lab.auth.needs.tables.record(token)
    assert caller is not None
    assert (caller.email, caller.permissions_ignoring_tos["tiny"]) == (
        "uploads@serviceaccount",
        ("view", "edit", "admin_view"),
    )
    lab.both.changes.clear()
    second = await lab.run(document(dataset()))
    assert (second.code, doing(second), second.done, lab.both.changes) == (Exit.DONE, [], [], [])
    assert await lab.state() == state
    assert token not in "".join(lab.said)


async def test_a_plan_alone_changes_nothing(lab: Lab) -> None:
    planned = await lab.run(document(dataset()), is_planning=True)
    assert "dataset tiny" in doing(planned)
    assert lab.both.changes == []
    assert not lab.tokens.exists()


async def test_what_is_declared_comes_back_and_what_people_add_stays(lab: Lab) -> None:
    await lab.run(document(dataset()))
    datasets = {each["name"]: each["id"] for each in await lab.call("GET", f"{API}/dataset")}
    groups = {each["name"]: each["id"] for each in await lab.call("GET", f"{API}/group")}
    await lab.call("POST", f"{API}/group", json={"name": "by_hand"})
    by_hand = (await lab.call("GET", f"{API}/group", params={"name": "by_hand"}))[0]["id"]
    path = f"{API}/dataset/{datasets['tiny']}/group"
    await lab.call("POST", path, json={"group_id": by_hand, "permission_ids": [1]})
    await lab.call("DELETE", f"{path}/{groups['tiny_viewers']}/permission/1")
    await lab.call("POST", f"{API}/service/datastack/table/extra/dataset/tiny")
    rows = await lab.call("GET", "/info/api/v2/rows/datastack")
    stack = next(row for row in rows if row["name"] == "tiny")
    changes = {"soma_table": "by_hand", "local_server": "https://elsewhere.example.org"}
    await lab.call("PUT", f"/info/api/v2/rows/datastack/{stack['id']}", json=changes)
    again = await lab.run(document(dataset()), is_pruning=True)
    assert sorted(doing(again)) == ["datastack tiny", "grant tiny to tiny_viewers"]
    (change,) = steps(again, Verb.CHANGE)
    assert change.detail == "local_server: https://elsewhere.example.org -> https://local.example.org"
    state = await lab.state()
    assert ("by_hand", "view") in state["dataset tiny"]
    assert next(each["soma_table"] for each in state["datastack"] if each["name"] == "tiny") == "by_hand"


async def test_twins_that_people_made_are_told_and_left(lab: Lab) -> None:
    tiny = dataset()
    await lab.call("POST", f"{API}/dataset", json={"name": "tiny", "tos_id": None})
    await lab.call("POST", f"{API}/dataset", json={"name": "other", "tos_id": None})
    await lab.call("POST", f"{API}/service/datastack/table/tiny/dataset/other")
    volume = {"name": "tiny_v1", "image_source": "precomputed://gs://other-bucket/em"}
    await lab.call("POST", "/info/api/v2/rows/alignedvolume", json=volume)
    await lab.call("POST", f"{API}/service_account", json={"name": "uploads"})
    before = await lab.state()
    told = await lab.run(document(tiny))
    assert told.code is Exit.CONFLICT
    assert [step.title for step in steps(told, Verb.CONFLICT)] == [
        "dataset tiny",
        "service account uploads",
        "aligned volume tiny_v1",
    ]
    assert not any(each.startswith(("datastack", "image mirror", "grant", "table")) for each in doing(told))
    after = await lab.state()
    for key in ("dataset tiny", "alignedvolume", "datastack", "imagesource"):
        assert after[key] == before[key], key
    assert not lab.tokens.exists()
    adopted = await lab.run(document(tiny), is_adopting=True)
    assert (adopted.code, adopted.failed) == (Exit.DONE, [])
    assert len((await lab.state())["dataset tiny"]) == 4
    again = await lab.run(document(tiny))
    assert (again.code, doing(again)) == (Exit.DONE, [])
    caller = json.loads((lab.tokens / "uploads-token.json").read_text())["token"]
    assert await lab.auth.needs.tables.record(caller) is not None


async def test_what_people_made_as_declared_is_left_alone(lab: Lab) -> None:
    volume = {"name": "tiny_v1", "display_name": "Tiny", "image_source": "precomputed://gs://tiny-bucket/em"}
    await lab.call("POST", "/info/api/v2/rows/alignedvolume", json=volume)
    told = await lab.run(document(dataset()))
    assert told.code is Exit.DONE
    assert "aligned volume tiny_v1" in doing(told, Verb.FOREIGN)
    gone = await lab.run(document(accounts=False), is_pruning=True)
    assert "aligned volume tiny_v1" not in doing(gone)
    assert "tiny_v1" in {each["name"] for each in (await lab.state())["alignedvolume"]}


async def test_what_is_no_longer_declared_goes_on_request_only(lab: Lab) -> None:
    empty = await lab.state()
    await lab.run(document(dataset()))
    full = await lab.state()
    told = await lab.run(document(accounts=False))
    assert (len(steps(told, Verb.PRUNE)), told.done) == (14, [])
    assert await lab.state() == full
    pruned = await lab.run(document(accounts=False), is_pruning=True)
    assert (pruned.code, len(pruned.done)) == (Exit.DONE, 14)
    kept = await lab.state()
    people = {"group default", "terms", "permissions", "marks"}
    assert without(kept, *people) == without(empty, *people)
    assert set(kept["marks"]) == {"member", "permission", "tos", "user"}, "people, terms and words of permissions stay"
    again = await lab.run(document(accounts=False), is_pruning=True)
    assert doing(again) == []


async def test_what_people_hung_on_it_is_not_pruned(lab: Lab) -> None:
    await lab.run(document(dataset()))
    groups = {each["name"]: each["id"] for each in await lab.call("GET", f"{API}/group")}
    (tiny,) = (each["id"] for each in await lab.call("GET", f"{API}/dataset"))
    await lab.call("POST", f"{API}/group", json={"name": "by_hand"})
    by_hand = (await lab.call("GET", f"{API}/group", params={"name": "by_hand"}))[0]["id"]
    await lab.call("POST", f"{API}/dataset/{tiny}/group", json={"group_id": by_hand, "permission_ids": [1]})
    ada = await lab.call("POST", f"{API}/user", json={"name": "Ada", "email": "ada@example.org"})
    await lab.call("POST", f"{API}/group/{groups['tiny_viewers']}/user", json={"user_id": ada["id"]})
    stack = {"name": "mine", "aligned_volume": "tiny_v1", "local_server": "https://local.example.org"}
    await lab.call("POST", "/info/api/v2/rows/datastack", json=stack)
    told = await lab.run(document(accounts=False), is_pruning=True)
    assert (told.code, told.failed) == (Exit.DONE, [])
    kept = doing(told, Verb.KEEP)
    assert sorted(kept) == ["aligned volume tiny_v1", "dataset tiny", "group tiny_viewers"]
    state = await lab.state()
    assert (state["dataset tiny"], state["group tiny_viewers"]) == ([("by_hand", "view")], ["Ada"])


async def test_a_renamed_datastack_is_a_new_one_and_the_old_goes_on_request(lab: Lab) -> None:
    tiny = dataset()
    await lab.run(document(tiny))
    renamed = {**tiny, "datastacks": [{**tiny["datastacks"][0], "name": "tiny_v2"}]}
    renamed["table_mappings"] = [{"service": "datastack", "table": "tiny_v2", "dataset": "tiny"}]
    told = await lab.run(document(renamed), is_pruning=True)
    assert told.code is Exit.DONE
    assert sorted(each for each in doing(told) if "tiny" in each) == [
        "datastack tiny",
        "datastack tiny_v2",
        "table aligned_volume/tiny_v1",
        "table datastack/tiny",
        "table datastack/tiny_v2",
    ]


async def test_deployments_do_not_touch_what_others_declare(lab: Lab) -> None:
    await lab.run(document(dataset()))
    other = document(dataset("cortex"), deployment="local", accounts=False)
    await lab.run(other)
    told = await lab.run(document(deployment="local", accounts=False), is_pruning=True)
    assert not any("tiny" in each for each in doing(told))
    clash = await lab.run(document(dataset(image_source="precomputed://gs://else-where/em"), deployment="local"))
    (conflict,) = (step for step in steps(clash, Verb.CONFLICT) if step.kind == "aligned volume")
    assert "the deployment demo declares another one" in conflict.detail


async def test_tables_move_with_the_declaration(lab: Lab) -> None:
    await lab.run(document(dataset(), accounts=False))
    moved = dataset(
        auth_dataset="shared", table_mappings=[{"service": "datastack", "table": "tiny", "dataset": "shared"}]
    )
    told = await lab.run(document(moved, accounts=False))
    assert (told.code, told.failed) == (Exit.DONE, [])
    assert await lab.call("GET", f"{API}/service/datastack/table/tiny/dataset") == "shared"


async def test_others_than_superadmins_are_refused_before_anything(lab: Lab) -> None:
    from karst_auth.changes import tokens, users  # noqa: PLC0415
    from karst_auth.changes.ledger import DEPLOYMENT  # noqa: PLC0415
    from karst_reconcile.calls import Calls  # noqa: PLC0415
    from karst_reconcile.run import Order, make_plan  # noqa: PLC0415

    async with lab.auth.needs.ledger.change(DEPLOYMENT) as change:
        ada = await users.create(change, name="Ada", address="ada@example.org")
        token = await tokens.create_key(change, ada)
    for told, said in ((token, "ada@example.org, who is no superadmin"), ("0" * 32, "doesn't know the token")):
        calls = Calls(lab.client, "auth", "https://karst.example.org/auth", told, "demo", 0)
        with pytest.raises(ReconcileError, match=said) as caught:
            await make_plan(Order(document=document(dataset()), auth=calls, info=None))
        assert (caught.value.code, told in str(caught.value)) == (Exit.NOT_ALLOWED, False)
    assert lab.both.changes == []
