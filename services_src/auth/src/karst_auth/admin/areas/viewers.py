"""Viewers: web pages of other origins that get a token of whoever signs in from them."""

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
from karst_auth.model import App
from karst_platform.pages import Field, Kind

_URL = Field(
    name="url",
    label="Origin",
    kind=Kind.URL,
    is_required=True,
    longest=institutions.URL,
    hint="https://viewer.example.org, without a path.",
)


def _query(search: str, _caller: Known) -> Query:
    query = select(App.id, App.url)
    return query.where(matches(search, (App.url,), App.id)) if search else query


def _cells(row: Any) -> list[Cell]:  # noqa: ANN401 - a row of this query
    return [Cell(row[1], f"apps/{row[0]}"), Cell(str(row[0]), tone="aside")]


async def _read(session: AsyncSession, id_: int) -> Thing | None:
    row = await session.get(App, id_)
    return Thing(id=id_, name=row.url, values={"url": row.url}, subject=f"app/{id_}") if row is not None else None


async def _create(change: Changing, values: Values) -> int:
    return await institutions.allow_viewer(change, origin=values["url"])


async def _remove(change: Changing, id_: int) -> None:
    await institutions.forbid_viewer(change, app_id=id_)


VIEWERS = Area(
    path="apps",
    model="app",
    title="Viewers",
    one="viewer",
    about="Web pages elsewhere that get a token of whoever signs in from them. List only those that you trust with it.",
    table=App,
    rows=Rows(headings=("Origin", "Id"), query=_query, key=App.id, cells=_cells, looks_for="Search by origin"),
    asking=always(Asking(fields=(_URL,), unique="url")),
    create=_create,
    read=_read,
    remove=_remove,
    removal="Nobody can sign in from there any more. Tokens that it got work until they end.",
)
