"""Terms of service: what people accept before grants are in force."""

from __future__ import annotations

from sqlalchemy import select

from karst_auth.admin.area import Area, Cell, Rows, Thing, aside
from karst_auth.admin.forms import Asking, Values
from karst_auth.admin.listing import by
from karst_auth.changes import terms
from karst_auth.changes.ledger import Changing
from karst_auth.model import Tos
from karst_platform.pages import Field, Kind

_TEXT = Field(
    name="text",
    label="Text",
    kind=Kind.LINES,
    is_required=True,
    longest=terms.TEXT,
    hint="Markdown: # for headings, * for lists, [text](https://...) for links. Preview it before you save.",
)


async def _create(change: Changing, values: Values) -> int:
    return (await terms.create(change, name=values["name"], markdown=values["text"])).id


TERMS = Area(
    path="terms",
    model="tos",
    title="Terms of service",
    one="terms of service",
    about="A dataset may have some. Who accepted them has accepted them still when their text changes.",
    table=Tos,
    rows=Rows(
        headings=("Name", "Changed", "Id"),
        seen_by=lambda _caller: select(Tos.id, Tos.name, Tos.updated),
        means=by((Tos.name,), Tos.id),
        key=Tos.id,
        cells=lambda row: [Cell(row[1], f"terms/{row[0]}"), aside(row[2].date()), aside(row[0])],
    ),
    form=Asking(fields=(Field(name="name", label="Name", is_required=True, longest=terms.NAME), _TEXT)),
    thing=lambda tos: Thing(
        id=tos.id, name=tos.name, values={"name": tos.name, "text": tos.text}, subject=f"tos/{tos.id}"
    ),
    create=_create,
    update=lambda change, id_, values: terms.update(change, tos_id=id_, values=values),
    remove=lambda change, id_: terms.remove(change, tos_id=id_),
    removal="Who accepted them is forgotten too. Datasets that have them have to get others first.",
    markdown="text",
)
