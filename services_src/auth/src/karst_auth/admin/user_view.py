"""What there is to know of one user: groups, permissions, tokens, terms, institutions, and what is theirs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from karst_auth.known import Known
from karst_auth.model import (
    Affiliation,
    ApiKey,
    CustomName,
    Dataset,
    DatasetAdmin,
    Group,
    LoginToken,
    Membership,
    Tos,
    TosAcceptance,
    User,
    UserAffiliation,
)
from karst_auth.records import known, shown_name
from karst_auth.tokens import sign_ins_of
from karst_platform.cave.errors import CaveError

MOST = 200
"""Rows of each kind that the page of a user lists."""


@dataclass(frozen=True, kw_only=True)
class UserView:
    """One user. Tokens are masked: nobody but their owner ever saw them."""

    user: User
    record: Known
    parent: tuple[int, str] | None
    children: Sequence[tuple[int, str]]
    groups: Sequence[tuple[int, str, bool]]
    keys: Sequence[ApiKey]
    sessions: Sequence[LoginToken]
    accepted: Sequence[tuple[int, str]]
    institutions: Sequence[tuple[UserAffiliation, str]]
    datasets: Sequence[tuple[int, str]]


async def view_user(session: AsyncSession, user_id: int) -> UserView:
    """Read it. Raises CaveError, 404."""
    user, record = await session.get(User, user_id), await known(session, user_id)
    if user is None or record is None:
        raise CaveError(404, "not_found", "There is no such user.")
    sessions = sign_ins_of(user_id)
    keys = select(ApiKey).where(ApiKey.user_id == user_id)
    return UserView(
        user=user,
        record=record,
        parent=await _parent(session, user),
        children=await _children(session, user_id),
        groups=await _groups(session, user_id),
        keys=(await session.scalars(keys.order_by(ApiKey.id.desc()).limit(MOST))).all(),
        sessions=(await session.scalars(sessions.order_by(LoginToken.id.desc()).limit(MOST))).all(),
        accepted=await _accepted(session, user),
        institutions=await _institutions(session, user_id),
        datasets=await _datasets(session, user_id),
    )


async def _parent(session: AsyncSession, user: User) -> tuple[int, str] | None:
    query = (
        select(User.id, shown_name())
        .outerjoin(CustomName, CustomName.user_id == User.id)
        .where(User.id == user.parent_id)
    )
    row = (await session.execute(query)).one_or_none()
    return None if row is None else (row[0], row[1])


async def _children(session: AsyncSession, user_id: int) -> list[tuple[int, str]]:
    query = select(User.id, User.name).where(User.parent_id == user_id).order_by(User.id).limit(MOST)
    return [(row[0], row[1]) for row in await session.execute(query)]


async def _groups(session: AsyncSession, user_id: int) -> list[tuple[int, str, bool]]:
    query = (
        select(Group.id, Group.name, Membership.admin)
        .join(Membership, Membership.group_id == Group.id)
        .where(Membership.user_id == user_id)
        .order_by(Group.name)
        .limit(MOST)
    )
    return [(row[0], row[1], row[2]) for row in await session.execute(query)]


async def _accepted(session: AsyncSession, user: User) -> list[tuple[int, str]]:
    """What they accepted; for a service account what its maker did, which counts for it."""
    query = (
        select(Tos.id, Tos.name)
        .join(TosAcceptance, TosAcceptance.tos_id == Tos.id)
        .where(TosAcceptance.user_id.in_([user.id, user.parent_id or user.id]))
        .distinct()
        .order_by(Tos.id)
        .limit(MOST)
    )
    return [(row[0], row[1]) for row in await session.execute(query)]


async def _institutions(session: AsyncSession, user_id: int) -> list[tuple[UserAffiliation, str]]:
    query = (
        select(UserAffiliation, Affiliation.name)
        .join(Affiliation, Affiliation.id == UserAffiliation.affiliation_id)
        .where(UserAffiliation.user_id == user_id)
        .order_by(UserAffiliation.id)
        .limit(MOST)
    )
    return [(row[0], row[1]) for row in await session.execute(query)]


async def _datasets(session: AsyncSession, user_id: int) -> list[tuple[int, str]]:
    query = (
        select(Dataset.id, Dataset.name)
        .join(DatasetAdmin, DatasetAdmin.dataset_id == Dataset.id)
        .where(DatasetAdmin.user_id == user_id)
        .order_by(Dataset.name)
        .limit(MOST)
    )
    return [(row[0], row[1]) for row in await session.execute(query)]
