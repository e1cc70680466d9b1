"""What the administration knows of one kind of thing: how to list, make, change and remove it.

Pages, and the addresses of the former administration, are made of the same description. All changes go through
`karst_auth.changes`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.ext.asyncio import AsyncSession

from karst_auth.admin.forms import Asking, Values
from karst_auth.admin.listing import Key, Query
from karst_auth.admin.seen import demand_same, seen_values
from karst_auth.changes.ledger import Changing
from karst_auth.known import Known
from karst_auth.model import Base
from karst_platform.cave.errors import CaveError

Asked = Callable[[AsyncSession], Awaitable[Asking]]
"""Makes a form, of what the database has."""


@dataclass(frozen=True)
class Cell:
    """What stands in one column of one row."""

    text: str
    href: str = ""
    """Where it leads, below `/admin`."""
    tone: str = ""
    """`warn` for what one should notice, `aside` for what one may overlook."""


def aside(value: object) -> Cell:
    """What one may overlook, such as an id."""
    return Cell(str(value), tone="aside")


@dataclass(frozen=True, kw_only=True)
class Rows:
    """How things of a kind are listed."""

    headings: Sequence[str]
    seen_by: Callable[[Known], Query]
    """All of them, as far as somebody may see them. The key stands first in each row."""
    means: Callable[[str], ColumnElement[bool]]
    """Whether a search means a row."""
    key: Key
    cells: Callable[[Any], Sequence[Cell]]
    looks_for: str = "Search by name"
    is_newest_first: bool = False
    exactly: Callable[[AsyncSession, str], Awaitable[int | None]] | None = None
    """Finds at once, by an index, the one that a text means beyond doubt; its id is the key then."""

    async def found(self, session: AsyncSession, search: str, caller: Known) -> Query:
        """What somebody may see of what a search means; all of it for an empty one."""
        query = self.seen_by(caller)
        if not search:
            return query
        meant = await self.exactly(session, search) if self.exactly is not None else None
        return query.where(self.key == meant if meant is not None else self.means(search))


@dataclass(frozen=True, kw_only=True)
class Thing:
    """One of them, as its form shows it."""

    id: int
    name: str
    values: Values
    subject: str
    """By which the audit log knows it."""
    keeps: str = ""
    """Why it can't be removed; blank where it can."""

    @property
    def seen(self) -> str:
        """The print of what its page shows."""
        return seen_values(list(self.values.values()))


@dataclass(frozen=True, kw_only=True)
class Area:
    """A kind of thing."""

    path: str
    """Below `/admin`."""
    model: str
    """Below `/flask_admin`: its name in the former administration."""
    title: str
    one: str
    about: str
    table: type[Base]
    rows: Rows
    form: Asking | Asked
    """What to say of a new one."""
    create: Callable[[Changing, Values], Awaitable[int]]
    thing: Callable[[Any], Thing | None]
    """One of them, of its row; None for a row that is of another kind."""
    remove: Callable[[Changing, int], Awaitable[object]]
    removal: str
    """What goes with it."""
    form_again: Asking | None = None
    """What can be changed later, where that is something else."""
    update: Callable[[Changing, int, Values], Awaitable[int | None]] | None = None
    """Returns the id where that is another one afterwards. None where nothing can be changed."""
    has_own_page: bool = False
    """Whether one of them has more to show than a form."""
    markdown: str = ""
    """The field whose text is Markdown, which pages show as people will see it."""

    async def asking(self, session: AsyncSession) -> Asking:
        """The form to make one."""
        return self.form if isinstance(self.form, Asking) else await self.form(session)

    async def asking_again(self, session: AsyncSession) -> Asking:
        """The form to change one."""
        return self.form_again or await self.asking(session)

    async def demand(self, session: AsyncSession, id_: int) -> Thing:
        """Read one of them. Raises CaveError, 404."""
        row = await session.get(self.table, id_)
        found = self.thing(row) if row is not None else None
        if found is None:
            raise CaveError(404, "not_found", f"There is no such {self.one}. Somebody may have removed it.")
        return found

    async def held(self, change: Changing, id_: int, told: str) -> Thing:
        """Hold one of them until the change is made, and see that it is as somebody saw it.

        Raises CaveError: 404, and 409 where somebody changed it meanwhile.
        """
        await change.session.get(self.table, id_, with_for_update={"key_share": True})
        thing = await self.demand(change.session, id_)
        await demand_same(change.session, thing.seen, told, thing.subject)
        return thing

    def link(self, id_: int) -> str:
        """Where one of them is, below `/admin`."""
        return f"{self.path}/{id_}"
