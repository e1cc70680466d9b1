"""Users as the API tells of them: what everybody with a duty may know, and what superadmins and services may."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from email.utils import format_datetime

from sqlalchemy import ColumnElement, Row, Select, SQLColumnExpression, and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from karst_auth.model import Affiliation, CustomName, Dataset, DatasetAdmin, Group, Membership, User, UserAffiliation
from karst_auth.records import shown_name

Told = dict[str, object]


def http_date(time: datetime | None) -> str | None:
    """A time as answers have it: `Fri, 20 Nov 2026 09:22:17 GMT`."""
    if time is None:
        return None
    return format_datetime(time.replace(microsecond=0), usegmt=False).replace("-0000", "GMT")


def like(column: SQLColumnExpression[str], part: str) -> ColumnElement[bool]:
    """Whether a text contains another one, whatever the case; no character of it means anything but itself."""
    return column.icontains(part, autoescape=True)


def people() -> Select[User, str]:
    """Users with the names that others see."""
    return select(User, shown_name()).outerjoin(CustomName, CustomName.user_id == User.id)


async def tell(session: AsyncSession, rows: Sequence[Row[User, str]], *, is_detailed: bool) -> list[Told]:
    """Make the dictionaries of users that `people` found; `is_detailed` adds addresses, roles and parents."""
    ids = [user.id for user, _ in rows]
    affiliations = await _affiliations(session, ids)
    told = [_brief(user, name, affiliations[user.id]) for user, name in rows]
    if not is_detailed:
        return told
    datasets = await _datasets(session, ids)
    parents = await _parents(session, {user.parent_id for user, _ in rows if user.parent_id is not None})
    for each, (user, _) in zip(told, rows, strict=True):
        each |= {
            "gdpr_consent": user.gdpr_consent,
            "admin_datasets": datasets[user.id],
            "admin": user.admin,
            "email": user.email,
            "read_only": user.read_only,
            "active": user.active,
        }
        if user.parent_id is not None:
            each |= {"parent_id": user.parent_id, "parent": parents.get(user.parent_id)}
    return told


async def one(session: AsyncSession, user_id: int, *, is_detailed: bool, kind: bool | None = None) -> Told | None:
    """One user; `kind` demands a service account, or a person. None where there is none such."""
    rows = (await session.execute(people().where(User.id == user_id, *_of_kind(kind)))).all()
    found = await tell(session, rows, is_detailed=is_detailed)
    return found[0] if found else None


async def groups_of(session: AsyncSession, user_id: int) -> list[Told]:
    """Id and name of each group that somebody belongs to, by id."""
    query = select(Group.id, Group.name).join(Membership, Membership.group_id == Group.id)
    rows = await session.execute(query.where(Membership.user_id == user_id).order_by(Group.id))
    return [{"id": id_, "name": name} for id_, name in rows]


def _of_kind(is_service_account: bool | None) -> list[ColumnElement[bool]]:  # noqa: FBT001
    if is_service_account is None:
        return []
    return [User.parent_id.is_not(None) if is_service_account else User.parent_id.is_(None)]


def created_between(from_s: float | None, to_s: float | None) -> ColumnElement[bool]:
    """Whether a user was made in this time, in seconds since 1970."""
    bounds: list[ColumnElement[bool]] = []
    if from_s is not None:
        bounds.append(User.created >= func.to_timestamp(from_s))
    if to_s is not None:
        bounds.append(User.created <= func.to_timestamp(to_s))
    return and_(True, *bounds)  # noqa: FBT003 - a value in SQL


def _brief(user: User, name: str, affiliations: Sequence[Told]) -> Told:
    return {
        "id": user.id,
        "service_account": user.parent_id is not None,
        "name": name,
        "created": http_date(user.created),
        "pi": user.pi or "",
        "affiliations": affiliations,
    }


async def _affiliations(session: AsyncSession, ids: Collection[int]) -> Mapping[int, list[Told]]:
    query = (
        select(UserAffiliation, Affiliation.name)
        .join(Affiliation, Affiliation.id == UserAffiliation.affiliation_id)
        .where(UserAffiliation.user_id.in_(ids))
        .order_by(Affiliation.id)
    )
    found: defaultdict[int, list[Told]] = defaultdict(list)
    for link, name in await session.execute(query):
        times = {"start": _iso(link.start), "end": _iso(link.end)}
        found[link.user_id].append({"id": link.affiliation_id, "name": name, **times})
    return found


async def _datasets(session: AsyncSession, ids: Collection[int]) -> Mapping[int, list[Told]]:
    query = (
        select(DatasetAdmin.user_id, Dataset.id, Dataset.name)
        .join(Dataset, Dataset.id == DatasetAdmin.dataset_id)
        .where(DatasetAdmin.user_id.in_(ids))
        .order_by(Dataset.id)
    )
    found: defaultdict[int, list[Told]] = defaultdict(list)
    for user_id, dataset_id, name in await session.execute(query):
        found[user_id].append({"id": dataset_id, "name": name})
    return found


async def _parents(session: AsyncSession, ids: Collection[int]) -> Mapping[int, Told]:
    rows = (await session.execute(people().where(User.id.in_(ids)))).all() if ids else []
    affiliations = await _affiliations(session, [user.id for user, _ in rows])
    return {user.id: _brief(user, name, affiliations[user.id]) for user, name in rows}


def _iso(time: datetime | None) -> str | None:
    return None if time is None else time.replace(microsecond=0).isoformat()
