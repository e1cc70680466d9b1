"""Groups: sets of users, who get permissions together."""

from __future__ import annotations

from sqlalchemy import select

from karst_auth.admin.area import Area, Cell, Rows, Thing, aside
from karst_auth.admin.forms import Asking
from karst_auth.admin.listing import Query, by
from karst_auth.changes import groups
from karst_auth.known import Known
from karst_auth.model import Group
from karst_platform.pages import Field


def _seen_by(caller: Known) -> Query:
    """All groups for superadmins; for others those that they run."""
    query = select(Group.name, Group.id)
    return query if caller.admin else query.where(Group.id.in_(caller.groups_run))


def _thing(group: Group) -> Thing:
    keeps = f"Every new user joins {groups.DEFAULT}; it stays." if group.name == groups.DEFAULT else ""
    subject = f"group/{group.id}"
    return Thing(id=group.id, name=group.name, values={"name": group.name}, subject=subject, keeps=keeps)


GROUPS = Area(
    path="groups",
    model="group",
    title="Groups",
    one="group",
    about="Permissions on datasets are given to groups, and count for all their members.",
    table=Group,
    rows=Rows(
        headings=("Name", "Id"),
        seen_by=_seen_by,
        means=by((Group.name,), Group.id),
        key=Group.name,
        cells=lambda row: [Cell(row[0], f"groups/{row[1]}"), aside(row[1])],
    ),
    form=Asking(fields=(Field(name="name", label="Name", is_required=True, longest=groups.NAME),), unique="name"),
    thing=_thing,
    create=lambda change, values: groups.create(change, name=values["name"], admin_id=change.actor.id),
    update=lambda change, id_, values: groups.rename(change, group_id=id_, name=values["name"]),
    remove=lambda change, id_: groups.remove(change, group_id=id_),
    removal="Its members lose what they may do by it, at once. They stay users.",
    has_own_page=True,
)
