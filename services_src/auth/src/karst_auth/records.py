"""The record of a user, made of the tables: groups, grants, what terms of service hold back, roles, affiliations."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
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
    found = await _user(session, user_id)
    if found is None:
        return None
    user, name, is_parent_active = found
    memberships = await _memberships(session, user_id)
    datasets = await _datasets_admin(session, user_id)
    granted = [each for each in await _granted(session, user) if not (user.read_only and each.permission_id == EDIT)]
    return Known(
        id=user.id,
        parent_id=user.parent_id,
        service_account=user.parent_id is not None,
        name=name,
        email=user.email,
        admin=user.admin,
        pi=user.pi or "",
        affiliations=await affiliations(session, user_id),
        groups=tuple(group for _, group, _ in memberships),
        permissions=_grants([each for each in granted if each.is_accepted]),
        permissions_ignoring_tos=_grants(granted),
        missing_tos=_missing(granted),
        datasets_admin=tuple(dataset for _, dataset in datasets),
        groups_admin=tuple(group for _, group, is_admin in memberships if is_admin),
        is_active=user.active and is_parent_active,
        groups_run=frozenset(group_id for group_id, _, is_admin in memberships if is_admin),
        datasets_run=frozenset(dataset_id for dataset_id, _ in datasets),
    )


async def affiliations(session: AsyncSession, user_id: int) -> tuple[wire.Affiliation, ...]:
    """The institutions of a user."""
    query = (
        select(Affiliation.id, Affiliation.name, UserAffiliation.start, UserAffiliation.end)
        .join(UserAffiliation, UserAffiliation.affiliation_id == Affiliation.id)
        .where(UserAffiliation.user_id == user_id)
        .order_by(Affiliation.id)
    )
    return tuple(
        wire.Affiliation(id=id_, name=name, start=_iso(start), end=_iso(end))
        for id_, name, start, end in await session.execute(query)
    )


async def _user(session: AsyncSession, user_id: int) -> tuple[User, str, bool] | None:
    parent = aliased(User)
    query = (
        select(User, shown_name(), func.coalesce(parent.active, True))
        .outerjoin(CustomName, CustomName.user_id == User.id)
        .outerjoin(parent, parent.id == User.parent_id)
        .where(User.id == user_id)
    )
    row = (await session.execute(query)).one_or_none()
    return None if row is None else (row[0], row[1], row[2])


async def _memberships(session: AsyncSession, user_id: int) -> Sequence[tuple[int, str, bool]]:
    query = (
        select(Group.id, Group.name, Membership.admin)
        .join(Membership, Membership.group_id == Group.id)
        .where(Membership.user_id == user_id)
        .order_by(Group.id)
    )
    return [(row[0], row[1], row[2]) for row in await session.execute(query)]


async def _datasets_admin(session: AsyncSession, user_id: int) -> Sequence[tuple[int, str]]:
    query = (
        select(Dataset.id, Dataset.name)
        .join(DatasetAdmin, DatasetAdmin.dataset_id == Dataset.id)
        .where(DatasetAdmin.user_id == user_id)
        .order_by(Dataset.id)
    )
    return [(row[0], row[1]) for row in await session.execute(query)]


async def _granted(session: AsyncSession, user: User) -> list[_Granted]:
    """What the groups of a user may do. A service account has accepted what its parent has."""
    accepts = or_(TosAcceptance.user_id == user.id, TosAcceptance.user_id == user.parent_id)
    is_accepted = or_(Dataset.tos_id.is_(None), exists().where(and_(TosAcceptance.tos_id == Dataset.tos_id, accepts)))
    query = (
        select(Dataset.id, Dataset.name, Permission.id, Permission.name, Dataset.tos_id, Tos.name, is_accepted)
        .select_from(Membership)
        .join(Grant, Grant.group_id == Membership.group_id)
        .join(Dataset, Dataset.id == Grant.dataset_id)
        .join(Permission, Permission.id == Grant.permission_id)
        .outerjoin(Tos, Tos.id == Dataset.tos_id)
        .where(Membership.user_id == user.id)
        .distinct()
        .order_by(Dataset.id, Permission.id)
    )
    return [
        _Granted(
            dataset_id=row[0],
            dataset=row[1],
            permission_id=row[2],
            permission=row[3],
            tos_id=row[4],
            tos_name=row[5],
            is_accepted=row[6],
        )
        for row in await session.execute(query)
    ]


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
