"""Changes groups and who belongs to them."""

from __future__ import annotations

from sqlalchemy import delete, select

from karst_auth.changes.ledger import Changing
from karst_auth.changes.rows import locked
from karst_auth.changes.values import text
from karst_auth.model import Grant, Group, Membership, User
from karst_platform.cave.errors import CaveError

NAME = 120
DEFAULT = "default"
"""The group that every new user joins."""


async def create(change: Changing, *, name: object, admin_id: int | None = None) -> int:
    """Make a group; `admin_id` becomes its first member, who runs it. Raises CaveError, 422, where it exists."""
    group = Group(name=text(name, "name", NAME))
    change.session.add(group)
    await change.session.flush()
    change.note("group.create", f"group/{group.id}", after={"name": group.name})
    if admin_id is not None:
        await add_member(change, group_id=group.id, user_id=admin_id, is_admin=True)
    return group.id


async def rename(change: Changing, *, group_id: int, name: object) -> None:
    """Give a group another name."""
    group = await _movable(change, group_id)
    before, group.name = group.name, text(name, "name", NAME)
    change.note("group.rename", f"group/{group_id}", before={"name": before}, after={"name": group.name})
    await change.concerns_members([group_id])


async def remove(change: Changing, *, group_id: int) -> None:
    """Take a group away, with its members' grants."""
    group = await _movable(change, group_id)
    await change.concerns_members([group_id])
    for table in (Membership, Grant):
        await change.session.execute(delete(table).where(table.group_id == group_id))
    await change.session.delete(group)
    change.note("group.remove", f"group/{group_id}", before={"name": group.name})


async def add_member(
    change: Changing, *, group_id: int, user_id: int, is_admin: bool = False, service_accounts: bool | None = None
) -> None:
    """Let somebody belong to a group; `service_accounts` says whether it must be one, or a person.

    Raises CaveError: 404 for an unknown group, 422 for an unknown user or one who belongs to it already.
    """
    await _locked(change, group_id)
    await _demand_user(change, user_id, service_accounts)
    change.session.add(Membership(user_id=user_id, group_id=group_id, admin=is_admin))
    await change.session.flush()
    change.note("group.add_member", f"group/{group_id}", after={"user_id": user_id, "admin": is_admin})
    change.concerns_users(user_id)


async def set_admin(change: Changing, *, group_id: int, user_id: int, is_admin: bool) -> None:
    """Let a member run the group, or no longer. Raises CaveError, 404, for whoever is no member."""
    row = await _membership(change, group_id, user_id)
    before, row.admin = row.admin, is_admin
    change.note(
        "group.set_admin",
        f"group/{group_id}",
        before={"user_id": user_id, "admin": before},
        after={"user_id": user_id, "admin": is_admin},
    )
    change.concerns_users(user_id)


async def remove_member(
    change: Changing,
    *,
    group_id: int,
    user_id: int,
    may_remove_admins: bool,
    service_accounts: bool | None = None,
) -> None:
    """Let somebody no longer belong to a group.

    Raises CaveError: 404 for whoever is no member, 403 for one who runs it, unless that is allowed.
    """
    row = await _membership(change, group_id, user_id)
    if service_accounts is not None and await _is_service_account(change, user_id) is not service_accounts:
        raise CaveError(404, "not_found", "There is no such member.")
    if row.admin and not may_remove_admins:
        raise CaveError(403, "missing_role", "Only a superadmin removes somebody who runs the group.")
    await change.session.delete(row)
    change.note("group.remove_member", f"group/{group_id}", before={"user_id": user_id, "admin": row.admin})
    change.concerns_users(user_id)


async def _locked(change: Changing, group_id: int) -> Group:
    """The group, which nobody else removes meanwhile."""
    return await locked(change.session, Group, group_id, "There is no such group.", is_kept=True)


async def _movable(change: Changing, group_id: int) -> Group:
    group = await _locked(change, group_id)
    if group.name == DEFAULT:
        raise CaveError(403, "built_in", f"Every new user joins {DEFAULT}; it stays.")
    return group


async def _membership(change: Changing, group_id: int, user_id: int) -> Membership:
    query = select(Membership).where(Membership.group_id == group_id, Membership.user_id == user_id).with_for_update()
    row = await change.session.scalar(query)
    if row is None:
        raise CaveError(404, "not_found", "There is no such member.")
    return row


async def _demand_user(change: Changing, user_id: int, service_accounts: bool | None) -> None:  # noqa: FBT001
    found = await _is_service_account(change, user_id)
    if found is None or service_accounts not in (None, found):
        raise CaveError(422, "unknown_id", "There is no such user.")


async def _is_service_account(change: Changing, user_id: int) -> bool | None:
    row = (await change.session.execute(select(User.parent_id).where(User.id == user_id))).one_or_none()
    return None if row is None else row[0] is not None
