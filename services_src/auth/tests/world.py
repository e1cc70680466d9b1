"""A small lab with everybody whom a permission may tell from others, each with a token."""

from __future__ import annotations

from dataclasses import dataclass, field

from karst_auth.changes import datasets, groups, tables, terms, tokens, users
from karst_auth.changes.ledger import DEPLOYMENT, Changing, Ledger

LAB, GATED, OTHER = "h01", "gated", "h01_private"


@dataclass(kw_only=True)
class World:
    """Ids by name, and tokens by who has them."""

    users: dict[str, int] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    groups: dict[str, int] = field(default_factory=dict)
    datasets: dict[str, int] = field(default_factory=dict)
    tos: int = 0

    def header(self, who: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens[who]}"}


async def make_world(ledger: Ledger) -> World:
    """`viewers` view h01 and what is gated; `editors` edit h01; each group and dataset has somebody who runs it."""
    world = World()
    async with ledger.change(DEPLOYMENT) as change:
        await _people(change, world)
        await _access(change, world)
        for who in ("viewer", "editor", "nobody", "group_admin", "dataset_admin", "superadmin", "disabled"):
            world.tokens[who] = await tokens.create_key(change, world.users[who], description=who)
        world.users["robot"], world.tokens["robot"] = await users.create_service_account(
            change, name="Robot", parent_id=world.users["viewer"]
        )
        await users.update(change, user_id=world.users["disabled"], values={"active": False}, is_service_account=False)
    return world


async def _people(change: Changing, world: World) -> None:
    for who in ("viewer", "editor", "nobody", "group_admin", "dataset_admin", "superadmin", "disabled"):
        world.users[who] = await users.create(
            change,
            name=who.replace("_", " ").title(),
            address=f"{who}@example.org",
            is_admin=who == "superadmin",
        )


async def _access(change: Changing, world: World) -> None:
    world.tos = (await terms.create(change, name="Rules", markdown="# Be kind")).id
    for name, tos_id in ((LAB, None), (GATED, world.tos), (OTHER, None)):
        world.datasets[name] = (await datasets.create(change, name=name, tos_id=tos_id)).id
    for name in ("viewers", "editors"):
        world.groups[name] = await groups.create(change, name=name)
    await groups.add_member(change, group_id=world.groups["viewers"], user_id=world.users["viewer"])
    await groups.add_member(change, group_id=world.groups["editors"], user_id=world.users["editor"])
    await groups.add_member(change, group_id=world.groups["viewers"], user_id=world.users["group_admin"], is_admin=True)
    await datasets.add_admin(change, dataset_id=world.datasets[LAB], user_id=world.users["dataset_admin"])
    for dataset, group, permissions in ((LAB, "viewers", [1]), (LAB, "editors", [1, 2]), (GATED, "viewers", [1])):
        await datasets.grant(
            change, dataset_id=world.datasets[dataset], group_id=world.groups[group], permission_ids=permissions
        )
    await tables.map_table(change, namespace="datastack", table="h01_v1", dataset=LAB)
    await tables.set_public(change, table="h01_table", root_id=864691128640000000, is_public=True)
