"""Who may do what with which dataset: what the API lists, and pages show."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Row, Select, SQLColumnExpression, select

from karst_auth.model import CustomName, Dataset, DatasetAdmin, Grant, Group, Permission, User
from karst_auth.records import shown_name

Granted = Select[int, str, str, int]
"""Id and name of a thing, a permission, and the permission's id."""


def granted_on(dataset_id: int, by: SQLColumnExpression[Any]) -> Granted:
    """What groups may do with a dataset, in the order of a column of theirs."""
    query = select(Group.id, Group.name, Permission.name, Permission.id).join(Grant, Grant.group_id == Group.id)
    query = query.join(Permission, Permission.id == Grant.permission_id).where(Grant.dataset_id == dataset_id)
    return query.order_by(by, Permission.id)


def granted_to(group_id: int, by: SQLColumnExpression[Any]) -> Granted:
    """What a group may do with datasets, in the order of a column of theirs."""
    query = select(Dataset.id, Dataset.name, Permission.name, Permission.id).join(Grant, Grant.dataset_id == Dataset.id)
    query = query.join(Permission, Permission.id == Grant.permission_id).where(Grant.group_id == group_id)
    return query.order_by(by, Permission.id)


def managers_of(dataset_id: int) -> Select[int, str]:
    """Who manages a dataset: ids, and the names that others see."""
    query = select(User.id, shown_name()).join(DatasetAdmin, DatasetAdmin.user_id == User.id)
    query = query.outerjoin(CustomName, CustomName.user_id == User.id)
    return query.where(DatasetAdmin.dataset_id == dataset_id).order_by(User.id)


def by_thing(rows: Iterable[Row[int, str, str, int]]) -> dict[tuple[int, str], list[tuple[int, str]]]:
    """Permissions, each an id and a name, by the thing that they are about."""
    made: dict[tuple[int, str], list[tuple[int, str]]] = {}
    for id_, name, permission, permission_id in rows:
        made.setdefault((id_, name), []).append((permission_id, permission))
    return made


def told(rows: Iterable[Row[int, str, str, int]]) -> list[dict[str, object]]:
    """The same as the API tells it."""
    return [{"id": i, "name": n, "permission": p, "permission_id": pi} for i, n, p, pi in rows]
