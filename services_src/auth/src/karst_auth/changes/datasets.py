"""Changes datasets, who manages them, what groups may do with them, and which permissions there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import delete, select

from karst_auth.changes.ledger import Changing
from karst_auth.changes.rows import locked
from karst_auth.changes.values import identifier, invalid, only, text
from karst_auth.model import Dataset, DatasetAdmin, Grant, Group, Permission, Tos, User
from karst_platform.cave.errors import CaveError

NAME = 120
BUILT_IN = frozenset({1, 2})
"""Ids of view and edit."""
_BUILT_IN = "Clients know view and edit; they stay."


async def create(change: Changing, *, name: object, tos_id: object = None) -> Dataset:
    """Make a dataset. Raises CaveError, 422, where it exists or there are no such terms."""
    dataset = Dataset(name=text(name, "name", NAME), tos_id=await _tos(change, tos_id))
    change.session.add(dataset)
    await change.session.flush()
    change.note("dataset.create", f"dataset/{dataset.id}", after={"name": dataset.name, "tos_id": dataset.tos_id})
    return dataset


async def update(change: Changing, *, dataset_id: int, values: Mapping[str, object], may_rename: bool) -> None:
    """Change terms of service, or the name: services ask for grants by it. Raises CaveError, 403, 404 or 422."""
    dataset = await _locked(change, dataset_id)
    told = only(values, frozenset({"name", "tos_id"}))
    before = {"name": dataset.name, "tos_id": dataset.tos_id}
    name = text(told["name"], "name", NAME) if "name" in told else dataset.name
    if name != dataset.name and not may_rename:
        raise CaveError(403, "missing_role", "Only a superadmin renames a dataset.")
    dataset.name = name
    if "tos_id" in told:
        dataset.tos_id = await _tos(change, told["tos_id"])
    await change.session.flush()
    change.note(
        "dataset.update",
        f"dataset/{dataset_id}",
        before=before,
        after={"name": dataset.name, "tos_id": dataset.tos_id},
    )
    await concerns_dataset(change, dataset_id)
    if name != before["name"]:
        change.concerns_everybody()  # tables are mapped to its name


async def remove(change: Changing, *, dataset_id: int) -> None:
    """Take a dataset away, with all grants on it. Raises CaveError: 404, and 422 while tables belong to it."""
    dataset = await _locked(change, dataset_id)
    await concerns_dataset(change, dataset_id)
    for table in (Grant, DatasetAdmin):
        await change.session.execute(delete(table).where(table.dataset_id == dataset_id))
    await change.session.delete(dataset)
    await change.session.flush()
    before = {"name": dataset.name, "tos_id": dataset.tos_id}
    change.note("dataset.remove", f"dataset/{dataset_id}", before=before)


async def add_admin(change: Changing, *, dataset_id: int, user_id: int) -> None:
    """Let somebody manage a dataset. Raises CaveError: 404, and 422 for an unknown user or one who does already."""
    await _locked(change, dataset_id)
    if await change.session.scalar(select(User.id).where(User.id == user_id)) is None:
        raise CaveError(422, "unknown_id", "There is no such user.")
    change.session.add(DatasetAdmin(user_id=user_id, dataset_id=dataset_id))
    await change.session.flush()
    change.note("dataset.add_admin", f"dataset/{dataset_id}", after={"user_id": user_id})
    change.concerns_users(user_id)


async def remove_admin(change: Changing, *, dataset_id: int, user_id: int) -> None:
    """Let somebody no longer manage a dataset. Raises CaveError, 404, for whoever doesn't."""
    query = select(DatasetAdmin).where(DatasetAdmin.dataset_id == dataset_id, DatasetAdmin.user_id == user_id)
    row = await change.session.scalar(query.with_for_update())
    if row is None:
        raise CaveError(404, "not_found", "They don't manage this dataset.")
    await change.session.delete(row)
    change.note("dataset.remove_admin", f"dataset/{dataset_id}", before={"user_id": user_id})
    change.concerns_users(user_id)


async def grant(change: Changing, *, dataset_id: int, group_id: object, permission_ids: object) -> None:
    """Let a group have permissions on a dataset, all or none of these.

    Raises CaveError: 404 for the dataset, 422 for an unknown group or permission, or a grant that is there already.
    """
    await _locked(change, dataset_id)
    group = identifier(group_id, "group_id")
    permissions = _permissions(permission_ids)
    if await change.session.scalar(select(Group.id).where(Group.id == group)) is None:
        raise CaveError(422, "unknown_id", "There is no such group.")
    known = (await change.session.scalars(select(Permission.id).where(Permission.id.in_(permissions)))).all()
    if len(known) != len(permissions):
        raise CaveError(422, "unknown_id", "There is no such permission.")
    change.session.add_all(Grant(group_id=group, dataset_id=dataset_id, permission_id=each) for each in permissions)
    await change.session.flush()
    for each in permissions:
        change.note("grant.add", f"dataset/{dataset_id}", after={"group_id": group, "permission_id": each})
    await change.concerns_members([group])


async def revoke(change: Changing, *, dataset_id: int, group_id: int, permission_id: int) -> None:
    """Take a permission on a dataset from a group. Raises CaveError, 404, where it has none."""
    query = select(Grant).where(
        Grant.dataset_id == dataset_id, Grant.group_id == group_id, Grant.permission_id == permission_id
    )
    row = await change.session.scalar(query.with_for_update())
    if row is None:
        raise CaveError(404, "not_found", "The group doesn't have this permission.")
    await change.session.delete(row)
    before = {"group_id": group_id, "permission_id": permission_id}
    change.note("grant.remove", f"dataset/{dataset_id}", before=before)
    await change.concerns_members([group_id])


async def create_permission(change: Changing, *, name: object) -> Permission:
    """Make a permission. Raises CaveError, 422, where it exists."""
    permission = Permission(name=text(name, "name", NAME))
    change.session.add(permission)
    await change.session.flush()
    change.note("permission.create", f"permission/{permission.id}", after={"name": permission.name})
    return permission


async def rename_permission(change: Changing, *, permission_id: int, name: object) -> None:
    """Give a permission another name; services ask for it by its name. Raises CaveError: 403, 404 or 422."""
    row = await locked(change.session, Permission, permission_id, "There is no such permission.")
    before, after = row.name, text(name, "name", NAME)
    if permission_id in BUILT_IN and after != before:
        raise CaveError(403, "built_in", _BUILT_IN)
    row.name = after
    await change.session.flush()
    change.note("permission.rename", f"permission/{permission_id}", before={"name": before}, after={"name": row.name})
    query = select(Grant.group_id).where(Grant.permission_id == permission_id).distinct()
    await change.concerns_members((await change.session.scalars(query)).all())


async def remove_permission(change: Changing, *, permission_id: int) -> None:
    """Take a permission away. Raises CaveError: 404, 403 for view and edit, 422 while a group has it."""
    row = await locked(change.session, Permission, permission_id, "There is no such permission.")
    if permission_id in BUILT_IN:
        raise CaveError(403, "built_in", _BUILT_IN)
    await change.session.delete(row)
    await change.session.flush()
    change.note("permission.remove", f"permission/{permission_id}", before={"name": row.name})


async def concerns_dataset(change: Changing, dataset_id: int) -> None:
    """Say that records of all who have any grant on this dataset are no longer what they were; nobody else's."""
    holders = (await change.session.scalars(select(Grant.group_id).where(Grant.dataset_id == dataset_id))).all()
    await change.concerns_members(holders)
    managers = await change.session.scalars(select(DatasetAdmin.user_id).where(DatasetAdmin.dataset_id == dataset_id))
    change.concerns_users(*managers.all())


async def _locked(change: Changing, dataset_id: int) -> Dataset:
    return await locked(change.session, Dataset, dataset_id, "There is no such dataset.", is_kept=True)


async def _tos(change: Changing, tos_id: object) -> int | None:
    if tos_id is None:
        return None
    wanted = identifier(tos_id, "tos_id")
    if await change.session.scalar(select(Tos.id).where(Tos.id == wanted)) is None:
        raise CaveError(422, "unknown_id", "There are no such terms of service.")
    return wanted


def _permissions(value: object) -> Sequence[int]:
    if not isinstance(value, list) or not value:
        invalid("permission_ids is missing: write a list of numbers.")
    if len(value) > 100:
        raise CaveError(422, "too_many", "permission_ids has more than 100 numbers.")
    return sorted({identifier(each, "permission_ids") for each in value})
