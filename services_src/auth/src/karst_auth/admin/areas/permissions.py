"""Permissions: what one may do. view and edit are there from the beginning."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from karst_auth.admin.area import Area, Cell, Rows, Thing, always
from karst_auth.admin.forms import Asking, Values
from karst_auth.admin.listing import Query, matches
from karst_auth.changes import datasets
from karst_auth.changes.ledger import Changing
from karst_auth.known import Known
from karst_auth.model import Permission
from karst_platform.pages import Field

_NAME = Field(
    name="name", label="Name", is_required=True, longest=datasets.NAME, hint="Services ask for it by this name."
)
_ASKING = Asking(fields=(_NAME,), unique="name")


def _query(search: str, _caller: Known) -> Query:
    query = select(Permission.id, Permission.name)
    return query.where(matches(search, (Permission.name,), Permission.id)) if search else query


def _cells(row: Any) -> list[Cell]:  # noqa: ANN401 - a row of this query
    return [Cell(row[1], f"permissions/{row[0]}"), Cell(str(row[0]), tone="aside")]


async def _read(session: AsyncSession, id_: int) -> Thing | None:
    row = await session.get(Permission, id_)
    if row is None:
        return None
    keeps = "Clients know view and edit; they stay." if id_ in datasets.BUILT_IN else ""
    return Thing(id=id_, name=row.name, values={"name": row.name}, subject=f"permission/{id_}", keeps=keeps)


async def _create(change: Changing, values: Values) -> int:
    return (await datasets.create_permission(change, name=values["name"])).id


async def _update(change: Changing, id_: int, values: Values) -> None:
    await datasets.rename_permission(change, permission_id=id_, name=values["name"])


async def _remove(change: Changing, id_: int) -> None:
    await datasets.remove_permission(change, permission_id=id_)


PERMISSIONS = Area(
    path="permissions",
    model="permission",
    title="Permissions",
    one="permission",
    about="What groups can be allowed to do. None contains another: who may edit can't view, unless both are granted.",
    table=Permission,
    rows=Rows(headings=("Name", "Id"), query=_query, key=Permission.id, cells=_cells),
    asking=always(_ASKING),
    asking_again=always(_ASKING),
    create=_create,
    read=_read,
    update=_update,
    remove=_remove,
    removal="Groups that have it have to lose it first.",
)
