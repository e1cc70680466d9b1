"""Terms of service: what people accept before grants are in force."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from karst_auth.admin.area import Area, Cell, Rows, Thing, always
from karst_auth.admin.forms import Asking, Values
from karst_auth.admin.listing import Query, matches
from karst_auth.changes import terms
from karst_auth.changes.ledger import Changing
from karst_auth.known import Known
from karst_auth.model import Tos
from karst_platform.pages import Field, Kind

_ASKING = Asking(
    fields=(
        Field(name="name", label="Name", is_required=True, longest=terms.NAME),
        Field(
            name="text",
            label="Text",
            kind=Kind.LINES,
            is_required=True,
            longest=terms.TEXT,
            hint="Markdown: # for headings, * for lists, [text](https://...) for links. Preview it before you save.",
        ),
    )
)


def _query(search: str, _caller: Known) -> Query:
    query = select(Tos.id, Tos.name, Tos.updated)
    return query.where(matches(search, (Tos.name,), Tos.id)) if search else query


def _cells(row: Any) -> list[Cell]:  # noqa: ANN401 - a row of this query
    return [
        Cell(row[1], f"terms/{row[0]}"),
        Cell(row[2].date().isoformat(), tone="aside"),
        Cell(str(row[0]), tone="aside"),
    ]


async def _read(session: AsyncSession, id_: int) -> Thing | None:
    row = await session.get(Tos, id_)
    if row is None:
        return None
    return Thing(id=id_, name=row.name, values={"name": row.name, "text": row.text}, subject=f"tos/{id_}")


async def _create(change: Changing, values: Values) -> int:
    return (await terms.create(change, name=values["name"], markdown=values["text"])).id


async def _update(change: Changing, id_: int, values: Values) -> None:
    await terms.update(change, tos_id=id_, values=values)


async def _remove(change: Changing, id_: int) -> None:
    await terms.remove(change, tos_id=id_)


TERMS = Area(
    path="terms",
    model="tos",
    title="Terms of service",
    one="terms of service",
    about="A dataset may have some. Who accepted them has accepted them still when their text changes.",
    table=Tos,
    rows=Rows(headings=("Name", "Changed", "Id"), query=_query, key=Tos.id, cells=_cells),
    asking=always(_ASKING),
    asking_again=always(_ASKING),
    create=_create,
    read=_read,
    update=_update,
    remove=_remove,
    removal="Who accepted them is forgotten too. Datasets that have them have to get others first.",
    markdown="text",
)
