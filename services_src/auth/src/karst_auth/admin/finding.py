"""Finds whom or what to add to something: a few at a time, since whoever looks knows more of the name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from karst_auth.admin.areas.people import found
from karst_auth.admin.listing import LONGEST
from karst_auth.changes.values import invalid
from karst_auth.known import Known
from karst_auth.model import CustomName, Group, User
from karst_auth.people import like
from karst_auth.records import shown_name

SHOWN = 10
_MEANT = 2000


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a search found; None where nobody searched."""

    search: str = ""
    rows: Sequence[tuple[int, str, str]] | None = None
    """Id, name, and what tells it from others of this name."""
    has_more: bool = False


def wanted(parameters: Mapping[str, str], name: str) -> str:
    """What somebody looks for. Raises CaveError, 400, for what nobody can be called."""
    text = parameters.get(name, "").strip()
    if "\0" in text or len(text) > LONGEST:
        invalid(f"Look for {LONGEST} characters at the most, of those that can be written.")
    return text


async def find_users(session: AsyncSession, search: str, caller: Known) -> Found:
    """People and service accounts by a part of the name that others see, or by their whole address.

    Superadmins find them by parts of addresses too, and see these.
    """
    if not search:
        return Found()
    query = select(User.id, shown_name(), User.email, User.parent_id).outerjoin(
        CustomName, CustomName.user_id == User.id
    )
    is_theirs = func.lower(User.email) == search.lower()
    is_known = await session.scalar(select(User.id).where(is_theirs)) is not None
    condition = is_theirs if is_known else means(search, caller)
    rows = (await session.execute(query.where(condition).order_by(User.id).limit(SHOWN + 1))).all()
    told = [(id_, name, _about(id_, email if caller.admin else "", parent)) for id_, name, email, parent in rows]
    return Found(search=search, rows=told[:SHOWN], has_more=len(told) > SHOWN)


async def meant_users(session: AsyncSession, search: str, caller: Known) -> Sequence[int] | None:
    """Ids of all users that a search means, None where they are too many to name."""
    query = select(User.id).outerjoin(CustomName, CustomName.user_id == User.id)
    rows = (await session.scalars(query.where(means(search, caller)).limit(_MEANT + 1))).all()
    return rows if len(rows) <= _MEANT else None


def means(search: str, caller: Known) -> ColumnElement[bool]:
    """What a search means: who may not see addresses doesn't learn them by guessing parts."""
    return found(search) if caller.admin else like(shown_name(), search)


async def find_groups(session: AsyncSession, search: str) -> Found:
    """Groups by a part of their name; one of exactly this name stands first."""
    if not search:
        return Found()
    query = select(Group.id, Group.name).where(like(Group.name, search)).order_by(Group.name != search, Group.name)
    rows = (await session.execute(query.limit(SHOWN + 1))).all()
    told = [(id_, name, f"group {id_}") for id_, name in rows]
    return Found(search=search, rows=told[:SHOWN], has_more=len(told) > SHOWN)


def _about(id_: int, email: str, parent_id: int | None) -> str:
    if parent_id is not None:
        return f"service account {id_}"
    return email or f"id {id_}"
