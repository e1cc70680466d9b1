"""Viewers: web pages of other origins that get a token of whoever signs in from them."""

from __future__ import annotations

from sqlalchemy import select

from karst_auth.admin.area import Area, Cell, Rows, Thing, aside
from karst_auth.admin.forms import Asking
from karst_auth.admin.listing import by
from karst_auth.changes import institutions
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

VIEWERS = Area(
    path="apps",
    model="app",
    title="Viewers",
    one="viewer",
    about="Web pages elsewhere that get a token of whoever signs in from them. List only those that you trust with it.",
    table=App,
    rows=Rows(
        headings=("Origin", "Id"),
        seen_by=lambda _caller: select(App.id, App.url),
        means=by((App.url,), App.id),
        key=App.id,
        cells=lambda row: [Cell(row[1], f"apps/{row[0]}"), aside(row[0])],
        looks_for="Search by origin",
    ),
    form=Asking(fields=(_URL,), unique="url"),
    thing=lambda row: Thing(id=row.id, name=row.url, values={"url": row.url}, subject=f"app/{row.id}"),
    create=lambda change, values: institutions.allow_viewer(change, origin=values["url"]),
    remove=lambda change, id_: institutions.forbid_viewer(change, app_id=id_),
    removal="Nobody can sign in from there any more. Tokens that it got work until they end.",
)
