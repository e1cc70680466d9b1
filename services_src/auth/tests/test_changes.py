"""Every change is logged, counted and told; whoever is refused has changed nothing."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import func, select

from karst_auth.changes import datasets, groups, tables, tokens, users
from karst_auth.changes.ledger import DEPLOYMENT, Actor
from karst_auth.main import Auth
from karst_auth.model import ApiKey, AuditEntry, Membership, User, Version
from karst_platform.cave.errors import CaveError
from karst_platform.cave.guard.authority import token_hash
from karst_platform.cave.guard.changes import Change, Listener
from services_src.auth.tests.world import LAB, World


class Heard(list[Change]):
    """Changes, as those hear them who remember something."""

    def __init__(self, auth: Auth) -> None:
        super().__init__()
        listen: Listener = self.append
        auth.needs.ledger.changes.listen(listen)


async def _last(auth: Auth) -> AuditEntry:
    async with auth.needs.database.begin() as session:
        found = await session.scalar(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1))
    assert found is not None
    return found


async def test_a_change_is_logged_with_who_and_what(auth: Auth, world: World) -> None:
    actor = Actor(id=world.users["superadmin"], name="superadmin@example.org", ip="192.0.2.1")
    async with auth.needs.ledger.change(actor) as change:
        await groups.set_admin(change, group_id=world.groups["viewers"], user_id=world.users["viewer"], is_admin=True)
    entry = await _last(auth)
    assert (entry.actor_id, entry.actor, entry.ip) == (actor.id, actor.name, actor.ip)
    assert (entry.action, entry.subject) == ("group.set_admin", f"group/{world.groups['viewers']}")
    assert entry.before == {"user_id": world.users["viewer"], "admin": False}
    assert entry.after == {"user_id": world.users["viewer"], "admin": True}


async def test_a_change_counts_the_version_of_exactly_those_whom_it_concerns(auth: Auth, world: World) -> None:
    async def version(who: str) -> int:
        query = select(Version.version).where(Version.scope == "user", Version.subject == str(world.users[who]))
        async with auth.needs.database.begin() as session:
            return await session.scalar(query) or 0

    before = {who: await version(who) for who in world.users}
    heard = Heard(auth)
    async with auth.needs.ledger.change(DEPLOYMENT) as change:
        await datasets.update(change, dataset_id=world.datasets["gated"], values={"tos_id": None}, may_rename=False)
    told = tuple(sorted(world.users[who] for who in ("viewer", "group_admin")))
    assert heard == [Change(users=told)]
    changed = {who for who in world.users if await version(who) != before[who]}
    assert changed == {"viewer", "group_admin"}


async def test_tokens_are_named_though_anything_may_have_changed(auth: Auth, world: World) -> None:
    heard = Heard(auth)
    async with auth.needs.ledger.change(DEPLOYMENT) as change:
        key = await tokens.create_key(change, world.users["viewer"])
        change.concerns_everybody()
    assert heard == [Change(is_all=True, tokens=(token_hash(key),), owners=(world.users["viewer"],))]


async def test_who_is_refused_changes_and_tells_nothing(auth: Auth, world: World) -> None:
    heard, last = Heard(auth), (await _last(auth)).id

    async def create_both() -> None:
        async with auth.needs.ledger.change(DEPLOYMENT) as change:
            await groups.create(change, name="new")
            await groups.create(change, name="viewers")

    with pytest.raises(CaveError, match="already"):
        await create_both()
    assert heard == []
    assert (await _last(auth)).id == last


async def test_every_toggle_of_a_role_is_felt_at_once(auth: Auth, world: World) -> None:
    record = await auth.needs.authority.record(world.tokens["viewer"])
    assert record is not None
    assert record.groups_admin == ()
    async with auth.needs.ledger.change(DEPLOYMENT) as change:
        await groups.set_admin(change, group_id=world.groups["viewers"], user_id=world.users["viewer"], is_admin=True)
        await datasets.add_admin(change, dataset_id=world.datasets[LAB], user_id=world.users["viewer"])
    record = await auth.needs.authority.record(world.tokens["viewer"])
    assert record is not None
    assert (record.groups_admin, record.datasets_admin) == (("viewers",), (LAB,))


async def test_disabling_ends_sign_ins_and_stops_keys_and_is_taken_back(auth: Auth, world: World) -> None:
    async def works(token: str) -> bool:
        return await auth.needs.authority.record(token) is not None

    async with auth.needs.ledger.change(DEPLOYMENT) as change:
        login = await tokens.sign_in(change, world.users["viewer"])
    assert [await works(each) for each in (login, world.tokens["viewer"], world.tokens["robot"])] == [True] * 3
    for is_active in (False, True):
        async with auth.needs.ledger.change(DEPLOYMENT) as change:
            values = {"active": is_active}
            await users.update(change, user_id=world.users["viewer"], values=values, is_service_account=False)
        assert not await works(login)
        assert await works(world.tokens["viewer"]) is is_active
        assert await works(world.tokens["robot"]) is is_active


async def test_only_hashes_of_tokens_are_kept(auth: Auth, world: World) -> None:
    async with auth.needs.database.begin() as session:
        rows = (await session.scalars(select(ApiKey))).all()
        log = (await session.execute(select(AuditEntry.before, AuditEntry.after))).all()
    assert {row.key for row in rows} == {None}
    assert {row.token_hash for row in rows} == {token_hash(token) for token in world.tokens.values()}
    assert not any(token in str(log) for token in world.tokens.values())


async def test_imported_keys_are_hashed_and_work(auth: Auth, world: World) -> None:
    key = "0123456789abcdef" * 2
    async with auth.needs.database.begin() as session:
        session.add(ApiKey(user_id=world.users["viewer"], key=key))
    assert await auth.needs.authority.record(key) is None
    async with auth.needs.ledger.change(DEPLOYMENT) as change:
        assert await tokens.hash_stored_keys(change, is_revealed=False) == 1
    found = await auth.needs.authority.record(key)
    assert found is not None
    assert found.id == world.users["viewer"]
    async with auth.needs.ledger.change(DEPLOYMENT) as change:
        assert await tokens.hash_stored_keys(change, is_revealed=False) == 0


async def test_removing_somebody_takes_all_that_is_theirs(auth: Auth, world: World) -> None:
    for who in ("viewer", "dataset_admin", "group_admin"):
        async with auth.needs.ledger.change(DEPLOYMENT) as change:
            await users.remove(change, user_id=world.users[who])
    async with auth.needs.database.begin() as session:
        left = set((await session.scalars(select(User.id))).all())
    assert left == {world.users[who] for who in ("editor", "nobody", "superadmin", "disabled")}
    assert await auth.needs.authority.record(world.tokens["robot"]) is None


async def test_nobody_chooses_the_name_of_somebody_else(auth: Auth, world: World) -> None:
    async def choose(who: str, name: str) -> None:
        async with auth.needs.ledger.change(DEPLOYMENT) as change:
            await users.choose_name(change, user_id=world.users[who], name=name)

    await choose("viewer", "Ada L.")
    for taken in ("ada l.", "EDITOR", "Admin"):
        with pytest.raises(CaveError, match="known by this name"):
            await choose("nobody", taken)
    with pytest.raises(CaveError, match="once"):
        await choose("viewer", "Grace")
    await choose("viewer", "")
    record = await auth.needs.authority.record(world.tokens["viewer"])
    assert record is not None
    assert record.name == "Viewer"
    await choose("viewer", "Ada L.")
    record = await auth.needs.authority.record(world.tokens["viewer"])
    assert record is not None
    assert record.name == "Ada L."


async def test_many_edit_one_group_at_once(auth: Auth, world: World) -> None:
    group_id = world.groups["editors"]
    async with auth.needs.ledger.change(DEPLOYMENT) as change:
        ids = [await users.create(change, name=f"U{n}", address=f"u{n}@example.org") for n in range(30)]

    async def join(user_id: int) -> bool:
        try:
            async with auth.needs.ledger.change(DEPLOYMENT) as change:
                await groups.add_member(change, group_id=group_id, user_id=user_id)
        except CaveError:
            return False
        return True

    joined = await asyncio.gather(*(join(user_id) for user_id in (*ids, *ids)))
    assert sum(joined) == len(ids)
    async with auth.needs.database.begin() as session:
        count = select(func.count()).select_from(Membership).where(Membership.group_id == group_id)
        assert await session.scalar(count) == len(ids) + 1


async def test_tables_are_mapped_by_exact_names(auth: Auth, world: World) -> None:
    async with auth.needs.ledger.change(DEPLOYMENT) as change:
        with pytest.raises(CaveError, match="no dataset"):
            await tables.map_table(change, namespace="datastack", table="new", dataset="h0")
        with pytest.raises(CaveError, match="no dataset"):
            await tables.map_table(change, namespace="datastack", table="new", dataset="H01")
        await tables.map_table(change, namespace="datastack", table="new", dataset="h01_private")
    assert await auth.needs.authority.dataset_of("datastack", "new") == "h01_private"
