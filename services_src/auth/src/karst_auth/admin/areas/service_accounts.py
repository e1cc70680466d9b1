"""Service accounts: users without a person, each made by one."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from karst_auth.admin.area import Area, Cell, Rows, Thing, always
from karst_auth.admin.areas.people import FLAGS, NAME, found, roles, thing_of
from karst_auth.admin.forms import Asking, Values
from karst_auth.admin.listing import Query
from karst_auth.changes import users
from karst_auth.changes.ledger import Changing
from karst_auth.known import Known
from karst_auth.model import User
from karst_platform.pages import Field

_PI = Field(name="pi", label="Principal investigator", longest=users.NAME, hint="Whose lab it works for.")
_EDIT = Asking(fields=(NAME, _PI, *FLAGS))


def _query(search: str, _caller: Known) -> Query:
    parent = aliased(User)
    query = (
        select(User.id, User, parent.name)
        .outerjoin(parent, parent.id == User.parent_id)
        .where(User.parent_id.is_not(None))
    )
    return query.where(found(search)) if search else query


def _cells(row: Any) -> list[Cell]:  # noqa: ANN401 - a row of this query
    id_, user, parent = row
    return [
        Cell(user.name, f"service_accounts/{id_}"),
        Cell(", ".join(roles(user)), tone="warn" if not user.active else ""),
        Cell(parent or "", f"users/{user.parent_id}"),
        Cell(user.created.date().isoformat(), tone="aside"),
    ]


async def _read(session: AsyncSession, id_: int) -> Thing | None:
    user = await session.get(User, id_)
    return thing_of(user, user.name) if user is not None and user.parent_id is not None else None


async def _create(change: Changing, values: Values) -> int:
    """Make one without a key: whoever needs one makes it on its page, which shows it."""
    name, parent_id = str(values["name"]), change.actor.id or 0
    return await users.declare_service_account(change, name=name, parent_id=parent_id)


async def _update(change: Changing, id_: int, values: Values) -> None:
    await users.update(change, user_id=id_, values=values, is_service_account=True)


async def _remove(change: Changing, id_: int) -> None:
    await users.locked(change, id_, is_service_account=True)
    await users.remove(change, user_id=id_)


SERVICE_ACCOUNTS = Area(
    path="service_accounts",
    model="service_account",
    title="Service accounts",
    one="service account",
    about="Users for programs that nobody sits in front of, with a key. What their maker accepted counts for them.",
    table=User,
    rows=Rows(
        headings=("Name", "Role", "Made by", "Since"), query=_query, key=User.id, cells=_cells, is_newest_first=True
    ),
    asking=always(Asking(fields=(NAME,), unique="name")),
    asking_again=always(_EDIT),
    create=_create,
    read=_read,
    update=_update,
    remove=_remove,
    removal="Its key stops working at once.",
    has_own_page=True,
)
