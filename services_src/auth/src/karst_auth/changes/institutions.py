"""Changes institutions, who belongs to them, and from which origins viewers may come."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from karst_auth.changes.ledger import Changing
from karst_auth.changes.rows import locked
from karst_auth.changes.values import invalid, only, text
from karst_auth.model import Affiliation, App, User, UserAffiliation
from karst_platform.cave.errors import CaveError

NAME, URL = 120, 128
_FIELDS = frozenset({"contact_email", "contact_name", "name"})
_ORIGIN = re.compile(r"https://[a-z0-9-]+(\.[a-z0-9-]+)*(:\d{1,5})?|http://(localhost|127\.0\.0\.1)(:\d{1,5})?")


async def create(change: Changing, *, name: object, contact_name: object = "", contact_email: object = "") -> int:
    """Make an institution. Raises CaveError, 422, where it exists."""
    row = Affiliation(
        name=text(name, "name", NAME),
        contact_name=text(contact_name, "contact_name", NAME, may_be_blank=True) or None,
        contact_email=text(contact_email, "contact_email", NAME, may_be_blank=True) or None,
    )
    change.session.add(row)
    await change.session.flush()
    change.note("affiliation.create", f"affiliation/{row.id}", after={"name": row.name})
    return row.id


async def update(change: Changing, *, affiliation_id: int, values: Mapping[str, object]) -> None:
    """Change name or contact. Raises CaveError, 404 or 422."""
    row = await _locked(change, affiliation_id)
    told = only(values, _FIELDS)
    before = {field: getattr(row, field) for field in sorted(told)}
    for field, value in told.items():
        setattr(row, field, text(value, field, NAME, may_be_blank=field != "name") or None)
    await change.session.flush()
    after = {field: getattr(row, field) for field in before}
    change.note("affiliation.update", f"affiliation/{affiliation_id}", before=before, after=after)
    await _concerns_members(change, affiliation_id)


async def remove(change: Changing, *, affiliation_id: int) -> None:
    """Take an institution away; nobody belongs to it any more. Raises CaveError, 404."""
    row = await _locked(change, affiliation_id)
    await _concerns_members(change, affiliation_id)
    await change.session.execute(delete(UserAffiliation).where(UserAffiliation.affiliation_id == affiliation_id))
    await change.session.delete(row)
    change.note("affiliation.remove", f"affiliation/{affiliation_id}", before={"name": row.name})


async def join(
    change: Changing,
    *,
    affiliation_id: int,
    user_id: int,
    start: datetime | None = None,
    end: datetime | None = None,
) -> int:
    """Let somebody belong to an institution, or say anew from when to when: UTC, without a zone.

    The stay's id is returned. Raises CaveError: 400 for an end before the start, 404 for the institution, 422 for the
    user.
    """
    if start is not None and end is not None and end < start:
        invalid("The end is before the start.")
    await _locked(change, affiliation_id)
    if await change.session.scalar(select(User.id).where(User.id == user_id)) is None:
        raise CaveError(422, "unknown_id", "There is no such user.")
    times = {"start": start, "end": end}
    statement = insert(UserAffiliation).values(user_id=user_id, affiliation_id=affiliation_id, **times)
    statement = statement.on_conflict_do_update(
        index_elements=[UserAffiliation.user_id, UserAffiliation.affiliation_id], set_=times
    )
    id_ = await change.session.scalar(statement.returning(UserAffiliation.id))
    told = {name: time.isoformat() if time is not None else None for name, time in times.items()}
    change.note("affiliation.join", f"affiliation/{affiliation_id}", after={"user_id": user_id, **told})
    change.concerns_users(user_id)
    return id_ or 0


async def leave(change: Changing, *, affiliation_id: int, user_id: int) -> None:
    """Let somebody no longer belong to an institution. Raises CaveError, 404, where they don't."""
    query = select(UserAffiliation).where(
        UserAffiliation.affiliation_id == affiliation_id, UserAffiliation.user_id == user_id
    )
    row = await change.session.scalar(query.with_for_update())
    if row is None:
        raise CaveError(404, "not_found", "They don't belong to this institution.")
    await change.session.delete(row)
    change.note("affiliation.leave", f"affiliation/{affiliation_id}", before={"user_id": user_id})
    change.concerns_users(user_id)


async def allow_viewer(change: Changing, *, origin: object) -> int:
    """Let viewers of this origin get tokens of whoever signs in from them. Raises CaveError, 400, or 422 if they may.

    An origin is `https://viewer.example.org`, without a path; plain http is for this machine only.
    """
    url = text(origin, "url", URL).lower().rstrip("/")
    if not _ORIGIN.fullmatch(url):
        invalid("url is no origin: write it as https://viewer.example.org.")
    row = App(url=url)
    change.session.add(row)
    await change.session.flush()
    change.note("viewer.allow", f"app/{row.id}", after={"url": url})
    return row.id


async def forbid_viewer(change: Changing, *, app_id: int) -> None:
    """Let viewers of an origin get tokens no longer. Raises CaveError, 404."""
    row = await locked(change.session, App, app_id, "There is no such viewer.")
    await change.session.delete(row)
    change.note("viewer.forbid", f"app/{app_id}", before={"url": row.url})


async def _locked(change: Changing, affiliation_id: int) -> Affiliation:
    return await locked(change.session, Affiliation, affiliation_id, "There is no such institution.")


async def _concerns_members(change: Changing, affiliation_id: int) -> None:
    members = select(UserAffiliation.user_id).where(UserAffiliation.affiliation_id == affiliation_id)
    change.concerns_users(*(await change.session.scalars(members)).all())
