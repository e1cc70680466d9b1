"""Service accounts: users without a person, each made by one."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import aliased

from karst_auth.admin.area import Area, Cell, Rows, aside
from karst_auth.admin.areas.people import FLAGS, NAME, found, role, thing_of
from karst_auth.admin.forms import Asking, Values
from karst_auth.admin.listing import Query
from karst_auth.changes import users
from karst_auth.changes.ledger import Changing
from karst_auth.known import Known
from karst_auth.model import User
from karst_platform.pages import Field

_PI = Field(name="pi", label="Principal investigator", longest=users.NAME, hint="Whose lab it works for.")


def _seen_by(_caller: Known) -> Query:
    parent = aliased(User)
    return (
        select(User.id, User, parent.name)
        .outerjoin(parent, parent.id == User.parent_id)
        .where(User.parent_id.is_not(None))
    )


def _cells(row: Any) -> list[Cell]:  # noqa: ANN401 - a row of the query above
    id_, user, parent = row
    made_by = Cell(parent or "", f"users/{user.parent_id}")
    return [Cell(user.name, f"service_accounts/{id_}"), role(user), made_by, aside(user.created.date())]


async def _create(change: Changing, values: Values) -> int:
    """Make one without a key: whoever needs one makes it on its page, which shows it."""
    name, parent_id = str(values["name"]), change.actor.id or 0
    return await users.declare_service_account(change, name=name, parent_id=parent_id)


SERVICE_ACCOUNTS = Area(
    path="service_accounts",
    model="service_account",
    title="Service accounts",
    one="service account",
    about="Users for programs that nobody sits in front of, with a key. What their maker accepted counts for them.",
    table=User,
    rows=Rows(
        headings=("Name", "Role", "Made by", "Since"),
        seen_by=_seen_by,
        means=found,
        key=User.id,
        cells=_cells,
        is_newest_first=True,
    ),
    form=Asking(fields=(NAME,), unique="name"),
    form_again=Asking(fields=(NAME, _PI, *FLAGS)),
    thing=lambda user: thing_of(user, user.name) if user.parent_id is not None else None,
    create=_create,
    update=lambda change, id_, values: users.update(change, user_id=id_, values=values, is_service_account=True),
    remove=lambda change, id_: users.remove(change, user_id=id_, is_service_account=True),
    removal="Its key stops working at once.",
    has_own_page=True,
)
