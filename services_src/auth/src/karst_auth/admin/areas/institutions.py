"""Institutions, to which people belong."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from karst_auth.admin.area import Area, Cell, Rows, Thing, always
from karst_auth.admin.forms import Asking, Values
from karst_auth.admin.listing import Query, matches
from karst_auth.changes import institutions
from karst_auth.changes.ledger import Changing
from karst_auth.known import Known
from karst_auth.model import Affiliation
from karst_platform.pages import Field, Kind

_ASKING = Asking(
    fields=(
        Field(name="name", label="Name", is_required=True, longest=institutions.NAME),
        Field(name="contact_name", label="Contact", longest=institutions.NAME, hint="Whom to ask about its people."),
        Field(name="contact_email", label="Contact's e-mail address", kind=Kind.EMAIL, longest=institutions.NAME),
    ),
    unique="name",
)


def _query(search: str, _caller: Known) -> Query:
    query = select(Affiliation.name, Affiliation.id, Affiliation.contact_name)
    return query.where(matches(search, (Affiliation.name,), Affiliation.id)) if search else query


def _cells(row: Any) -> list[Cell]:  # noqa: ANN401 - a row of this query
    name, id_, contact = row
    return [Cell(name, f"affiliations/{id_}"), Cell(contact or ""), Cell(str(id_), tone="aside")]


async def _read(session: AsyncSession, id_: int) -> Thing | None:
    row = await session.get(Affiliation, id_)
    if row is None:
        return None
    values = {"name": row.name, "contact_name": row.contact_name, "contact_email": row.contact_email}
    return Thing(id=id_, name=row.name, values=values, subject=f"affiliation/{id_}")


async def _create(change: Changing, values: Values) -> int:
    return await institutions.create(
        change,
        name=values["name"],
        contact_name=values["contact_name"],
        contact_email=values["contact_email"],
    )


async def _update(change: Changing, id_: int, values: Values) -> None:
    await institutions.update(change, affiliation_id=id_, values=values)


async def _remove(change: Changing, id_: int) -> None:
    await institutions.remove(change, affiliation_id=id_)


INSTITUTIONS = Area(
    path="affiliations",
    model="affiliation",
    title="Institutions",
    one="institution",
    about="Where people work. Services show it beside what somebody did.",
    table=Affiliation,
    rows=Rows(headings=("Name", "Contact", "Id"), query=_query, key=Affiliation.name, cells=_cells),
    asking=always(_ASKING),
    asking_again=always(_ASKING),
    create=_create,
    read=_read,
    update=_update,
    remove=_remove,
    removal="Nobody belongs to it any more.",
)
