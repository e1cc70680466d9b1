"""People: who they are, and what counts for them wherever they go."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from karst_auth.admin.area import Area, Cell, Rows, Thing, aside
from karst_auth.admin.forms import Asking, Values
from karst_auth.admin.listing import Query, matches
from karst_auth.changes import users
from karst_auth.changes.ledger import Changing
from karst_auth.known import Known
from karst_auth.model import CustomName, User
from karst_auth.people import like
from karst_auth.records import shown_name
from karst_platform.pages import Field, Kind

NAME = Field(name="name", label="Name", is_required=True, longest=users.NAME)
PI = Field(name="pi", label="Principal investigator", longest=users.NAME, hint="Who leads their lab.")
FLAGS = (
    Field(
        name="admin",
        label="Superadmin",
        kind=Kind.TICK,
        hint="Administers everything here. Groups say what they may do with data.",
    ),
    Field(name="read_only", label="Read only", kind=Kind.TICK, hint="They may edit nothing, whatever groups grant."),
    Field(name="gdpr_consent", label="Agreed to the privacy policy", kind=Kind.TICK),
)
_NEW = Asking(
    fields=(
        Field(
            name="email",
            label="E-mail address",
            kind=Kind.EMAIL,
            is_required=True,
            longest=120,
            hint="They sign in with it.",
        ),
        NAME,
        PI,
        *FLAGS,
    ),
    unique="email",
)
EDIT = Asking(fields=(NAME, PI, *FLAGS))


def found(search: str) -> ColumnElement[bool]:
    """Whether a search means this user: by a part of a name or address, by a whole address, or by id."""
    chosen = select(CustomName.user_id).where(like(CustomName.name, search))
    return or_(matches(search, (User.name, User.email), User.id), User.id.in_(chosen))


def _seen_by(_caller: Known) -> Query:
    return (
        select(User.id, shown_name(), User)
        .outerjoin(CustomName, CustomName.user_id == User.id)
        .where(User.parent_id.is_(None))
    )


def _cells(row: Any) -> list[Cell]:  # noqa: ANN401 - a row of the query above
    id_, name, user = row
    return [Cell(name, f"users/{id_}"), Cell(user.email), role(user), aside(user.pi), aside(user.created.date())]


def role(user: User) -> Cell:
    """What is particular about a user, in words."""
    told = {"disabled": not user.active, "superadmin": user.admin, "read only": user.read_only}
    words = [word for word, is_so in told.items() if is_so]
    return Cell(", ".join(words), tone="warn" if not user.active else "")


def thing_of(user: User, name: str) -> Thing:
    """A user as forms show them."""
    values = {each.name: getattr(user, each.name) for each in EDIT.fields}
    return Thing(id=user.id, name=name, values=values, subject=f"user/{user.id}")


async def _create(change: Changing, values: Values) -> int:
    id_ = await users.create(change, name=values["name"], address=values["email"], pi=values["pi"])
    ticked = {each.name: True for each in FLAGS if values[each.name]}
    if ticked:
        await users.update(change, user_id=id_, values=ticked, is_service_account=False)
    return id_


async def with_address(session: AsyncSession, address: str) -> int | None:
    """Whose address this is."""
    return await session.scalar(select(User.id).where(func.lower(User.email) == address.lower()))


PEOPLE = Area(
    path="users",
    model="user",
    title="People",
    one="person",
    about="Everybody who may sign in. Whoever signs in for the first time is added here, and joins the group default.",
    table=User,
    rows=Rows(
        headings=("Name", "E-mail", "Role", "PI", "Since"),
        seen_by=_seen_by,
        means=found,
        key=User.id,
        cells=_cells,
        looks_for="Search by name, e-mail address or id",
        is_newest_first=True,
        exactly=with_address,
    ),
    form=_NEW,
    form_again=EDIT,
    thing=lambda user: thing_of(user, user.email) if user.parent_id is None else None,
    create=_create,
    update=lambda change, id_, values: users.update(change, user_id=id_, values=values, is_service_account=False),
    remove=lambda change, id_: users.remove(change, user_id=id_, is_service_account=False),
    removal="Their keys, sign-ins, memberships, roles and service accounts go too. The audit log stays. "
    "To keep them out for a while, disable them instead.",
    has_own_page=True,
)
