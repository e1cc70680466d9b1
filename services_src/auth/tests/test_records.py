"""The record of a user: what every service decides by."""

from __future__ import annotations

from karst_auth.changes import datasets, groups, terms, users
from karst_auth.changes.ledger import DEPLOYMENT
from karst_auth.main import Auth
from services_src.auth.tests.world import GATED, LAB, World


async def test_the_record_of_a_viewer(auth: Auth, world: World) -> None:
    record = await auth.needs.tables.record(world.tokens["viewer"])
    assert record is not None
    assert record.to_json() == {
        "id": world.users["viewer"],
        "parent_id": None,
        "service_account": False,
        "name": "Viewer",
        "email": "viewer@example.org",
        "admin": False,
        "pi": "",
        "affiliations": [[]],
        "affiliations_v2": [],
        "groups": ["default", "viewers"],
        "permissions": {LAB: 1},
        "permissions_v2": {LAB: ["view"]},
        "permissions_v2_ignore_tos": {LAB: ["view"], GATED: ["view"]},
        "missing_tos": [
            {"dataset_id": world.datasets[GATED], "dataset_name": GATED, "tos_id": world.tos, "tos_name": "Rules"}
        ],
        "datasets_admin": [],
        "groups_admin": [],
    }


async def test_accepted_terms_put_grants_in_force_for_service_accounts_too(auth: Auth, world: World) -> None:
    async with auth.needs.ledger.change(DEPLOYMENT) as change:
        await groups.add_member(change, group_id=world.groups["viewers"], user_id=world.users["robot"])
    robot = await auth.needs.authority.record(world.tokens["robot"])
    assert robot is not None
    assert robot.permissions == {LAB: ("view",)}
    assert robot.service_account
    assert robot.parent_id == world.users["viewer"]
    async with auth.needs.ledger.change(DEPLOYMENT) as change:
        await terms.accept(change, tos_id=world.tos, user_id=world.users["viewer"])
    robot = await auth.needs.authority.record(world.tokens["robot"])
    assert robot is not None
    assert robot.permissions == {LAB: ("view",), GATED: ("view",)}
    assert robot.missing_tos == ()


async def test_read_only_takes_edit_away_and_nothing_else(auth: Auth, world: World) -> None:
    async with auth.needs.ledger.change(DEPLOYMENT) as change:
        values = {"read_only": True}
        await users.update(change, user_id=world.users["editor"], values=values, is_service_account=False)
    record = await auth.needs.authority.record(world.tokens["editor"])
    assert record is not None
    assert record.permissions == {LAB: ("view",)}
    assert record.permissions_ignoring_tos == {LAB: ("view",)}


async def test_levels_of_permissions_that_old_clients_read(auth: Auth, world: World) -> None:
    async with auth.needs.ledger.change(DEPLOYMENT) as change:
        other = await datasets.create_permission(change, name="admin_view")
        group = {"dataset_id": world.datasets["h01_private"], "group_id": world.groups["editors"]}
        await datasets.grant(change, **group, permission_ids=[other.id])
    record = await auth.needs.authority.record(world.tokens["editor"])
    assert record is not None
    assert record.to_json()["permissions"] == {LAB: 2, "h01_private": 0}


async def test_roles_stand_in_the_record(auth: Auth, world: World) -> None:
    runs_group = await auth.needs.authority.record(world.tokens["group_admin"])
    runs_dataset = await auth.needs.authority.record(world.tokens["dataset_admin"])
    assert runs_group is not None
    assert runs_dataset is not None
    assert runs_group.groups_admin == ("viewers",)
    assert runs_dataset.datasets_admin == (LAB,)
    assert runs_dataset.permissions == {}


async def test_the_authority_answers_about_tables_and_roots(auth: Auth, world: World) -> None:
    asked = auth.needs.authority
    assert await asked.dataset_of("datastack", "h01_v1") == LAB
    assert await asked.dataset_of("datastack", "H01_v1") is None
    assert await asked.dataset_of("datastack", "h01") is None
    assert await asked.datasets_of("datastack", ["h01_v1", "none", "nul\0"]) == {"h01_v1": LAB}
    assert await asked.has_public("h01_table")
    assert not await asked.has_public("h01")
    assert await asked.is_public("h01_table", 864691128640000000)
    assert not await asked.all_public("h01_table", [864691128640000000, 2])
    assert not await asked.all_public("h01_table", [2**80])
    assert not await asked.all_public("h01_table", [])
