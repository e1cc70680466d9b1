"""Permissions: what one may do. view and edit are there from the beginning."""

from __future__ import annotations

from sqlalchemy import select

from karst_auth.admin.area import Area, Cell, Rows, Thing, aside
from karst_auth.admin.forms import Asking, Values
from karst_auth.admin.listing import by
from karst_auth.changes import datasets
from karst_auth.changes.ledger import Changing
from karst_auth.model import Permission
from karst_platform.pages import Field

_NAME = Field(
    name="name", label="Name", is_required=True, longest=datasets.NAME, hint="Services ask for it by this name."
)


def _thing(row: Permission) -> Thing:
    keeps = "Clients know view and edit; they stay." if row.id in datasets.BUILT_IN else ""
    return Thing(id=row.id, name=row.name, values={"name": row.name}, subject=f"permission/{row.id}", keeps=keeps)


async def _create(change: Changing, values: Values) -> int:
    return (await datasets.create_permission(change, name=values["name"])).id


PERMISSIONS = Area(
    path="permissions",
    model="permission",
    title="Permissions",
    one="permission",
    about="What groups can be allowed to do. None contains another: who may edit can't view, unless both are granted.",
    table=Permission,
    rows=Rows(
        headings=("Name", "Id"),
        seen_by=lambda _caller: select(Permission.id, Permission.name),
        means=by((Permission.name,), Permission.id),
        key=Permission.id,
        cells=lambda row: [Cell(row[1], f"permissions/{row[0]}"), aside(row[0])],
    ),
    form=Asking(fields=(_NAME,), unique="name"),
    thing=_thing,
    create=_create,
    update=lambda change, id_, values: datasets.rename_permission(change, permission_id=id_, name=values["name"]),
    remove=lambda change, id_: datasets.remove_permission(change, permission_id=id_),
    removal="Groups that have it have to lose it first.",
)
