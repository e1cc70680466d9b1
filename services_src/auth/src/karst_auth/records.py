"""The record of a user, made of the tables: groups, grants, what terms of service hold back, roles, affiliations."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from karst_auth.known import Known
from karst_auth.model import (
    Affiliation,
    CustomName,
    Dataset,
    DatasetAdmin,
    Grant,
    Group,
    Membership,
    Permission,
    Tos,
    TosAcceptance,
    User,
    UserAffiliation,
)
from karst_platform.cave.guard import record as wire

EDIT = 2
"""Id of the permission that `read_only` takes away."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Granted:
    dataset_id: int
    dataset: str
    permission_id: int
    permission: str
    tos_id: int | None
    tos_name: str | None
    is_accepted: bool


def shown_name() -> ColumnElement[str]:
    """The name that others see, in a query that joins `CustomName`: the chosen one while it is active."""
    return case((CustomName.active.is_(True), CustomName.name), else_=User.name)


async def known(session: AsyncSession, user_id: int) -> Known | None:
    """Read what is known of a user or a service account; None where there is none of this id."""
    return (await known_all(session, [user_id])).get(user_id)


async def known_all(session: AsyncSession, user_ids: Collection[int]) -> dict[int, Known]:
    """Read what is known of several, by id; those that aren't there are left out."""
    users = await _users(session, user_ids)
    institutions = await _affiliations(session, user_ids)
    memberships = await _memberships(session, user_ids)
    datasets = await _datasets_admin(session, user_ids)
    granted = await _granted(session, user_ids)
    return {
        user.id: Known(
            id=user.id,
            parent_id=user.parent_id,
            service_account=user.parent_id is not None,
            name=name,
            email=user.email,
            admin=user.admin,
            pi=user.pi or "",
            affiliations=tuple(institutions[user.id]),
            groups=tuple(group for _, group, _ in memberships[user.id]),
            permissions=_grants([each for each in _in_force(user, granted) if each.is_accepted]),
            permissions_ignoring_tos=_grants(_in_force(user, granted)),
            missing_tos=_missing(_in_force(user, granted)),
            datasets_admin=tuple(dataset for _, dataset in datasets[user.id]),
            groups_admin=tuple(group for _, group, is_admin in memberships[user.id] if is_admin),
            is_active=user.active and is_parent_active,
            groups_run=frozenset(group_id for group_id, _, is_admin in memberships[user.id] if is_admin),
            datasets_run=frozenset(dataset_id for dataset_id, _ in datasets[user.id]),
        )
        for user, name, is_parent_active in users
    }


def _in_force(user: User, granted: Mapping[int, Sequence[_Granted]]) -> Sequence[_Granted]:
    """What a user may do, were all terms accepted."""
    return [each for each in granted[user.id] if not (user.read_only and each.permission_id == EDIT)]


async def _affiliations(session: AsyncSession, user_ids: Collection[int]) -> Mapping[int, list[wire.Affiliation]]:
    query = (
        select(UserAffiliation.user_id, Affiliation.id, Affiliation.name, UserAffiliation.start, UserAffiliation.end)
        .join(UserAffiliation, UserAffiliation.affiliation_id == Affiliation.id)
        .where(UserAffiliation.user_id.in_(user_ids))
        .order_by(Affiliation.id)
    )
    found: defaultdict[int, list[wire.Affiliation]] = defaultdict(list)
    for user_id, id_, name, start, end in await session.execute(query):
        found[user_id].append(wire.Affiliation(id=id_, name=name, start=_iso(start), end=_iso(end)))
    return found


async def _users(session: AsyncSession, user_ids: Collection[int]) -> Sequence[tuple[User, str, bool]]:
    parent = aliased(User)
    query = (
        select(User, shown_name(), func.coalesce(parent.active, True))
        .outerjoin(CustomName, CustomName.user_id == User.id)
        .outerjoin(parent, parent.id == User.parent_id)
        .where(User.id.in_(user_ids))
    )
    return [(row[0], row[1], row[2]) for row in await session.execute(query)]


async def _memberships(session: AsyncSession, user_ids: Collection[int]) -> Mapping[int, list[tuple[int, str, bool]]]:
    query = (
        select(Membership.user_id, Group.id, Group.name, Membership.admin)
        .join(Membership, Membership.group_id == Group.id)
        .where(Membership.user_id.in_(user_ids))
        .order_by(Group.id)
    )
    found: defaultdict[int, list[tuple[int, str, bool]]] = defaultdict(list)
    for user_id, group_id, group, is_admin in await session.execute(query):
        found[user_id].append((group_id, group, is_admin))
    return found


async def _datasets_admin(session: AsyncSession, user_ids: Collection[int]) -> Mapping[int, list[tuple[int, str]]]:
    query = (
        select(DatasetAdmin.user_id, Dataset.id, Dataset.name)
        .join(DatasetAdmin, DatasetAdmin.dataset_id == Dataset.id)
        .where(DatasetAdmin.user_id.in_(user_ids))
        .order_by(Dataset.id)
    )
    found: defaultdict[int, list[tuple[int, str]]] = defaultdict(list)
    for user_id, dataset_id, dataset in await session.execute(query):
        found[user_id].append((dataset_id, dataset))
    return found


async def _granted(session: AsyncSession, user_ids: Collection[int]) -> Mapping[int, list[_Granted]]:
    """What the groups of users may do. A service account has accepted what its parent has."""
    accepts = or_(TosAcceptance.user_id == User.id, TosAcceptance.user_id == User.parent_id)
    is_accepted = or_(Dataset.tos_id.is_(None), exists().where(and_(TosAcceptance.tos_id == Dataset.tos_id, accepts)))
    query = (
        select(User.id, Dataset.id, Dataset.name, Permission.id, Permission.name, Dataset.tos_id, Tos.name, is_accepted)
        .select_from(Membership)
        .join(User, User.id == Membership.user_id)
        .join(Grant, Grant.group_id == Membership.group_id)
        .join(Dataset, Dataset.id == Grant.dataset_id)
        .join(Permission, Permission.id == Grant.permission_id)
        .outerjoin(Tos, Tos.id == Dataset.tos_id)
        .where(Membership.user_id.in_(user_ids))
        .distinct()
        .order_by(Dataset.id, Permission.id)
    )
    found: defaultdict[int, list[_Granted]] = defaultdict(list)
    for row in await session.execute(query):
        found[row[0]].append(
            _Granted(
                dataset_id=row[1],
                dataset=row[2],
                permission_id=row[3],
                permission=row[4],
                tos_id=row[5],
                tos_name=row[6],
                is_accepted=row[7],
            )
        )
    return found


def _grants(granted: Sequence[_Granted]) -> dict[str, tuple[str, ...]]:
    made: defaultdict[str, tuple[str, ...]] = defaultdict(tuple)
    for each in granted:
        made[each.dataset] += (each.permission,)
    return dict(made)


def _missing(granted: Sequence[_Granted]) -> tuple[wire.MissingTos, ...]:
    made = {
        each.dataset_id: wire.MissingTos(
            dataset_id=each.dataset_id,
            dataset_name=each.dataset,
            tos_id=each.tos_id,
            tos_name=each.tos_name or "",
        )
        for each in granted
        if not each.is_accepted and each.tos_id is not None
    }
    return tuple(made.values())


def _iso(time: datetime | None) -> str | None:
    return None if time is None else time.replace(microsecond=0).isoformat()
