"""Changes that only administrators make: institutions, viewers, and taking things away."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime

import pytest
from sqlalchemy import select

from karst_auth.changes import datasets, groups, institutions, tables, terms
from karst_auth.changes.ledger import DEPLOYMENT, Changing
from karst_auth.main import Auth
from karst_auth.model import App, Dataset, Group, Permission, Tos
from karst_platform.cave.errors import CaveError
from karst_platform.cave.guard.record import Affiliation, UserRecord
from services_src.auth.tests.world import GATED, LAB, OTHER, World

START, END = datetime(2026, 1, 2), datetime(2027, 1, 2)  # noqa: DTZ001 - as the tables keep them


async def _record(auth: Auth, world: World, who: str) -> UserRecord:
    found = await auth.needs.authority.record(world.tokens[who])
    assert found is not None
    return found


async def _refused(auth: Auth, work: Callable[[Changing], Awaitable[object]]) -> int:
    async def change_it() -> None:
        async with auth.needs.ledger.change(DEPLOYMENT) as change:
            await work(change)

    with pytest.raises(CaveError) as raised:
        await change_it()
    return raised.value.status_code


async def test_institutions_stand_in_records(auth: Auth, world: World) -> None:
    viewer = world.users["viewer"]
    assert (await _record(auth, world, "viewer")).affiliations == ()
    async with auth.needs.ledger.change(DEPLOYMENT) as change:
        id_ = await institutions.create(change, name="Inst", contact_name="Ada", contact_email="ada@example.org")
        await institutions.join(change, affiliation_id=id_, user_id=viewer, start=START)
    expected = Affiliation(id=id_, name="Inst", start="2026-01-02T00:00:00")
    assert (await _record(auth, world, "viewer")).affiliations == (expected,)
    async with auth.needs.ledger.change(DEPLOYMENT) as change:
        await institutions.join(change, affiliation_id=id_, user_id=viewer, start=START, end=END)
        await institutions.update(change, affiliation_id=id_, values={"name": "Institute", "contact_name": ""})
    expected = Affiliation(id=id_, name="Institute", start="2026-01-02T00:00:00", end="2027-01-02T00:00:00")
    assert (await _record(auth, world, "viewer")).affiliations == (expected,)
    async with auth.needs.ledger.change(DEPLOYMENT) as change:
        await institutions.leave(change, affiliation_id=id_, user_id=viewer)
    assert (await _record(auth, world, "viewer")).affiliations == ()
    async with auth.needs.ledger.change(DEPLOYMENT) as change:
        await institutions.join(change, affiliation_id=id_, user_id=viewer)
        await institutions.remove(change, affiliation_id=id_)
    assert (await _record(auth, world, "viewer")).affiliations == ()
    assert await _refused(auth, lambda change: institutions.remove(change, affiliation_id=id_)) == 404


async def test_nobody_leaves_an_institution_before_joining(auth: Auth, world: World) -> None:
    async with auth.needs.ledger.change(DEPLOYMENT) as change:
        id_ = await institutions.create(change, name="Inst")
    joins = {"affiliation_id": id_, "user_id": world.users["viewer"]}
    assert await _refused(auth, lambda change: institutions.join(change, **joins, start=END, end=START)) == 400
    assert await _refused(auth, lambda change: institutions.join(change, affiliation_id=id_, user_id=999)) == 422
    assert await _refused(auth, lambda change: institutions.leave(change, **joins)) == 404
    assert await _refused(auth, lambda change: institutions.create(change, name="Inst")) == 422


@pytest.mark.parametrize(
    "origin",
    [
        "",
        "viewer.example.org",
        "http://viewer.example.org",
        "https://ada@viewer.example.org",
        "https://viewer.example.org/path",
        "https://viewer.example.org\\evil",
        "//viewer.example.org",
        "https://*.example.org",
        "javascript:alert(1)",
        "*",
        "null",
    ],
)
async def test_only_origins_are_viewers(auth: Auth, origin: str) -> None:
    assert await _refused(auth, lambda change: institutions.allow_viewer(change, origin=origin)) == 400


async def test_viewers_are_allowed_and_forbidden(auth: Auth) -> None:
    async with auth.needs.ledger.change(DEPLOYMENT) as change:
        id_ = await institutions.allow_viewer(change, origin="https://Viewer.example.org/")
        await institutions.allow_viewer(change, origin="http://localhost:8000")
        urls = (await change.session.scalars(select(App.url).order_by(App.id))).all()
    assert urls == ["https://viewer.example.org", "http://localhost:8000"]
    async with auth.needs.ledger.change(DEPLOYMENT) as change:
        await institutions.forbid_viewer(change, app_id=id_)
    assert await _refused(auth, lambda change: institutions.forbid_viewer(change, app_id=id_)) == 404


async def test_what_is_still_needed_is_not_taken_away(auth: Auth, world: World) -> None:
    lab, tos = world.datasets[LAB], world.tos
    assert await _refused(auth, lambda change: datasets.remove(change, dataset_id=lab)) == 422
    assert await _refused(auth, lambda change: terms.remove(change, tos_id=tos)) == 422
    assert await _refused(auth, lambda change: datasets.remove_permission(change, permission_id=1)) == 403
    assert await _refused(auth, lambda change: groups.remove(change, group_id=1)) == 403
    assert await _refused(auth, lambda change: groups.rename(change, group_id=1, name="other")) == 403
    async with auth.needs.database.begin() as session:
        assert await session.get(Dataset, lab) is not None
        assert await session.get(Tos, tos) is not None
    assert (await _record(auth, world, "viewer")).permissions == {LAB: ("view",)}


async def test_what_is_taken_away_is_felt_at_once(auth: Auth, world: World) -> None:
    assert GATED in (await _record(auth, world, "viewer")).permissions_ignoring_tos
    async with auth.needs.ledger.change(DEPLOYMENT) as change:
        await datasets.remove(change, dataset_id=world.datasets[GATED])
        await datasets.remove(change, dataset_id=world.datasets[OTHER])
        await terms.remove(change, tos_id=world.tos)
        extra = await datasets.create_permission(change, name="admin_view")
        await datasets.remove_permission(change, permission_id=extra.id)
        await groups.rename(change, group_id=world.groups["viewers"], name="readers")
    assert (await _record(auth, world, "viewer")).permissions_ignoring_tos == {LAB: ("view",)}
    assert (await _record(auth, world, "viewer")).groups == ("default", "readers")
    async with auth.needs.ledger.change(DEPLOYMENT) as change:
        await groups.remove(change, group_id=world.groups["viewers"])
        await tables.remove_root(change, table="h01_table", root_id=864691128640000000)
        assert (await change.session.scalars(select(Permission.name))).all() == ["view", "edit"]
        assert (await change.session.scalars(select(Group.name))).all() == ["default", "editors"]
    assert (await _record(auth, world, "viewer")).permissions == {}
    assert not await auth.needs.authority.has_public("h01_table")
