"""Public roots: what everybody may see, without signing in."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from karst_auth.admin.area import Area, Cell, Rows, Thing
from karst_auth.admin.forms import Asking, Values
from karst_auth.admin.listing import by
from karst_auth.changes import tables
from karst_auth.changes.ledger import Changing
from karst_auth.changes.rows import demand
from karst_auth.model import PublicRoot
from karst_platform.cave.errors import CaveError
from karst_platform.pages import Field, Kind

_FORM = Asking(
    fields=(
        Field(
            name="table_id", label="Table", is_required=True, longest=tables.NAME, hint="Such as the name of a graph."
        ),
        Field(name="root_id", label="Root id", kind=Kind.NUMBER, is_required=True),
        Field(name="public", label="Public", kind=Kind.TICK, hint="Everybody may see it. Nobody may edit it by this."),
    )
)


def _cells(row: Any) -> list[Cell]:  # noqa: ANN401 - a row of the query below
    id_, table, root, is_public = row
    return [Cell(str(root), f"roots/{id_}"), Cell(table), Cell("public" if is_public else "not public")]


def _thing(row: PublicRoot) -> Thing:
    subject = f"root/{row.table_id}/{row.root_id}"
    values = {"table_id": row.table_id, "root_id": row.root_id, "public": row.public}
    return Thing(id=row.id, name=f"{row.root_id} of {row.table_id}", values=values, subject=subject)


async def _create(change: Changing, values: Values) -> int:
    table, root = str(values["table_id"]).strip(), values["root_id"]
    query = select(PublicRoot.id).where(PublicRoot.table_id == table, PublicRoot.root_id == root)
    if await change.session.scalar(query) is not None:
        raise CaveError(422, "already_exists", "root_id is there already.")
    return await tables.set_public(change, table=table, root_id=root, is_public=bool(values["public"]))


async def _update(change: Changing, id_: int, values: Values) -> int:
    row = await _row(change, id_)
    if (row.table_id, row.root_id) != (str(values["table_id"]).strip(), values["root_id"]):
        await _remove(change, id_)
        return await _create(change, values)
    is_public = bool(values["public"])
    return await tables.set_public(change, table=row.table_id, root_id=row.root_id, is_public=is_public)


async def _remove(change: Changing, id_: int) -> None:
    row = await _row(change, id_)
    await tables.remove_root(change, table=row.table_id, root_id=row.root_id)
    await change.session.flush()


async def _row(change: Changing, id_: int) -> PublicRoot:
    return await demand(change.session, PublicRoot, id_, "There is no such root.")


ROOTS = Area(
    path="roots",
    model="celltemp",
    title="Public roots",
    one="public root",
    about="Cells that everybody may see without signing in, such as those of a publication.",
    table=PublicRoot,
    rows=Rows(
        headings=("Root id", "Table", "State"),
        seen_by=lambda _caller: select(PublicRoot.id, PublicRoot.table_id, PublicRoot.root_id, PublicRoot.public),
        means=by((PublicRoot.table_id,), PublicRoot.root_id),
        key=PublicRoot.id,
        cells=_cells,
        looks_for="Search by table, or by a whole root id",
        is_newest_first=True,
    ),
    form=_FORM,
    thing=_thing,
    create=_create,
    update=_update,
    remove=_remove,
    removal="It is no longer public.",
)
