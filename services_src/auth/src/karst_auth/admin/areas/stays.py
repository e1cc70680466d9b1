"""Who belongs to which institution, from when to when."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from karst_auth.admin.area import Area, Cell, Rows, Thing
from karst_auth.admin.areas.lists import institution_field
from karst_auth.admin.forms import Asking, Values
from karst_auth.admin.listing import Query, by
from karst_auth.changes import institutions
from karst_auth.changes.ledger import Changing
from karst_auth.changes.rows import demand
from karst_auth.known import Known
from karst_auth.model import Affiliation, CustomName, User, UserAffiliation
from karst_auth.records import shown_name
from karst_platform.pages import Field, Kind

_PERSON = Field(name="user", label="Id of the person", kind=Kind.NUMBER, is_required=True, hint="Their page names it.")
_START = Field(name="start", label="From", kind=Kind.DATE)
_END = Field(name="end", label="Until", kind=Kind.DATE)


def _seen_by(_caller: Known) -> Query:
    return (
        select(UserAffiliation.id, UserAffiliation, shown_name(), Affiliation.name)
        .join(User, User.id == UserAffiliation.user_id)
        .join(Affiliation, Affiliation.id == UserAffiliation.affiliation_id)
        .outerjoin(CustomName, CustomName.user_id == User.id)
    )


def _cells(row: Any) -> list[Cell]:  # noqa: ANN401 - a row of the query above
    id_, stay, person, institution = row
    return [
        Cell(person, f"user_affiliations/{id_}"),
        Cell(institution, f"affiliations/{stay.affiliation_id}"),
        Cell(_day(stay.start)),
        Cell(_day(stay.end)),
    ]


def _thing(row: UserAffiliation) -> Thing:
    values = {"user": row.user_id, "affiliation": row.affiliation_id, "start": row.start, "end": row.end}
    return Thing(id=row.id, name=f"person {row.user_id}", values=values, subject=f"affiliation/{row.affiliation_id}")


async def _form(session: AsyncSession) -> Asking:
    fields = (_PERSON, await institution_field(session), _START, _END)
    return Asking(fields=fields, also={"user_id": "user", "affiliation_id": "affiliation"})


async def _create(change: Changing, values: Values) -> int:
    return await institutions.join(
        change,
        affiliation_id=cast("int", values["affiliation"]),
        user_id=cast("int", values["user"]),
        start=cast("datetime | None", values["start"]),
        end=cast("datetime | None", values["end"]),
    )


async def _update(change: Changing, id_: int, values: Values) -> int:
    row = await _row(change, id_)
    if (row.user_id, row.affiliation_id) != (values["user"], values["affiliation"]):
        await _remove(change, id_)
    return await _create(change, values)


async def _remove(change: Changing, id_: int) -> None:
    row = await _row(change, id_)
    await institutions.leave(change, affiliation_id=row.affiliation_id, user_id=row.user_id)


async def _row(change: Changing, id_: int) -> UserAffiliation:
    return await demand(change.session, UserAffiliation, id_, "They don't belong to this institution.")


def _day(time: datetime | None) -> str:
    return time.date().isoformat() if time is not None else ""


STAYS = Area(
    path="user_affiliations",
    model="useraffiliation",
    title="Who belongs where",
    one="stay",
    about="Who belongs to which institution, from when to when.",
    table=UserAffiliation,
    rows=Rows(
        headings=("Person", "Institution", "From", "Until"),
        seen_by=_seen_by,
        means=by((User.name, User.email, Affiliation.name), User.id),
        key=UserAffiliation.id,
        cells=_cells,
        looks_for="Search by person or institution",
        is_newest_first=True,
    ),
    form=_form,
    thing=_thing,
    create=_create,
    update=_update,
    remove=_remove,
    removal="They don't belong to the institution any more.",
)
