"""Groups: sets of users, who get permissions together."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from karst_auth.admin.area import Area, Cell, Rows, Thing, always
from karst_auth.admin.forms import Asking, Values
from karst_auth.admin.listing import Query, matches
from karst_auth.changes import groups
from karst_auth.changes.ledger import Changing
from karst_auth.known import Known
from karst_auth.model import Group
from karst_platform.pages import Field

_ASKING = Asking(fields=(Field(name="name", label="Name", is_required=True, longest=groups.NAME),), unique="name")


def _query(search: str, caller: Known) -> Query:
    """All groups for superadmins; for others those that they run."""
    query = select(Group.name, Group.id)
    if not caller.admin:
        query = query.where(Group.id.in_(caller.groups_run))
    return query.where(matches(search, (Group.name,), Group.id)) if search else query


def _cells(row: Any) -> list[Cell]:  # noqa: ANN401 - a row of this query
    name, id_ = row
    return [Cell(name, f"groups/{id_}"), Cell(str(id_), tone="aside")]


async def _read(session: AsyncSession, id_: int) -> Thing | None:
    group = await session.get(Group, id_)
    if group is None:
        return None
    keeps = f"Every new user joins {groups.DEFAULT}; it stays." if group.name == groups.DEFAULT else ""
    return Thing(id=id_, name=group.name, values={"name": group.name}, subject=f"group/{id_}", keeps=keeps)


async def _create(change: Changing, values: Values) -> int:
    return await groups.create(change, name=values["name"], admin_id=change.actor.id)


async def _update(change: Changing, id_: int, values: Values) -> None:
    await groups.rename(change, group_id=id_, name=values["name"])


async def _remove(change: Changing, id_: int) -> None:
    await groups.remove(change, group_id=id_)


GROUPS = Area(
    path="groups",
    model="group",
    title="Groups",
    one="group",
    about="Permissions on datasets are given to groups, and count for all their members.",
    table=Group,
    rows=Rows(headings=("Name", "Id"), query=_query, key=Group.name, cells=_cells),
    asking=always(_ASKING),
    asking_again=always(_ASKING),
    create=_create,
    read=_read,
    update=_update,
    remove=_remove,
    removal="Its members lose what they may do by it, at once. They stay users.",
    has_own_page=True,
)
