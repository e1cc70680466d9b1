"""What the administration knows of one kind of thing: how to list, make, change and remove it.

Pages, and the addresses of the former administration, are made of the same description. All changes go through
`karst_auth.changes`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from karst_auth.admin.forms import Asking, Values
from karst_auth.admin.listing import Key, Query
from karst_auth.admin.seen import demand_same, seen_values
from karst_auth.changes.ledger import Changing
from karst_auth.known import Known
from karst_auth.model import Base
from karst_platform.cave.errors import CaveError


@dataclass(frozen=True)
class Cell:
    """What stands in one column of one row."""

    text: str
    href: str = ""
    """Where it leads, below `/admin`."""
    tone: str = ""
    """`warn` for what one should notice, `aside` for what one may overlook."""


@dataclass(frozen=True, kw_only=True)
class Rows:
    """How things of a kind are listed."""

    headings: Sequence[str]
    query: Callable[[str, Known], Query]
    """The rows that contain a text, all of them for an empty one, as far as somebody may see them. The key stands
    first in each."""
    key: Key
    cells: Callable[[Any], Sequence[Cell]]
    looks_for: str = "Search by name"
    is_newest_first: bool = False
    exactly: Callable[[AsyncSession, str], Awaitable[int | None]] | None = None
    """Finds at once, by an index, the one that a text means beyond doubt; its id is the key then."""


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
    asking: Callable[[AsyncSession], Awaitable[Asking]]
    """What to say of a new one."""
    create: Callable[[Changing, Values], Awaitable[int]]
    read: Callable[[AsyncSession, int], Awaitable[Thing | None]]
    remove: Callable[[Changing, int], Awaitable[None]]
    removal: str
    """What goes with it."""
    asking_again: Callable[[AsyncSession], Awaitable[Asking]] | None = None
    """What can be changed later; None where nothing can."""
    update: Callable[[Changing, int, Values], Awaitable[int | None]] | None = None
    """Returns the id where that is another one afterwards."""
    has_own_page: bool = False
    """Whether one of them has more to show than a form."""
    markdown: str = ""
    """The field whose text is Markdown, which pages show as people will see it."""

    async def demand(self, session: AsyncSession, id_: int) -> Thing:
        """Read one of them. Raises CaveError, 404."""
        found = await self.read(session, id_)
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


def always(asking: Asking) -> Callable[[AsyncSession], Awaitable[Asking]]:
    """A form that is the same whatever the database has."""

    async def same(_session: AsyncSession) -> Asking:
        return asking

    return same
