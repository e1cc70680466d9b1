"""Lists with a search, page by page.

A page begins after a row, not after a number of rows: it costs the same at the end of a million rows as at the
beginning. A search reads the table from where the page begins until the page is full.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

from sqlalchemy import ColumnElement, Select, SQLColumnExpression, or_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from karst_auth.changes.values import LARGEST_ROOT, invalid
from karst_auth.people import like

PAGE = 25
LONGEST = 200
"""Characters of a search at the most."""
FIND, AFTER, BEFORE = "search", "after", "before"
RowT = TypeVar("RowT")
Query = Select[*tuple[Any, ...]]
Key = InstrumentedAttribute[Any]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the address of a list asks for."""

    find: str = ""
    after: str = ""
    """The key of the row before the page; nothing for the first page."""
    before: str = ""
    """The key of the row behind the page."""
    kept: Mapping[str, str] | None = None
    """Other parameters, which links to other pages repeat."""

    def link(self, **places: str) -> str:
        """The query of another page of this list."""
        told = {FIND: self.find, **(self.kept or {}), **places}
        return "?" + urlencode({name: value for name, value in told.items() if value})


@dataclass(frozen=True, kw_only=True)
class Page(Generic[RowT]):
    """Some rows of a list, and where the others are."""

    rows: Sequence[RowT]
    asked: Asked
    previous: str | None = None
    next: str | None = None

    @property
    def find(self) -> str:
        """What was looked for."""
        return self.asked.find


def asked_by(parameters: Mapping[str, str], *kept: str) -> Asked:
    """Read the address. Raises CaveError, 400, for what can't be looked for."""
    find = parameters.get(FIND, "").strip()
    if "\0" in find or len(find) > LONGEST:
        invalid(f"Look for {LONGEST} characters at the most, of those that can be written.")
    others = {name: parameters[name] for name in kept if name in parameters}
    return Asked(find=find, after=parameters.get(AFTER, ""), before=parameters.get(BEFORE, ""), kept=others)


def matches(
    find: str, texts: Sequence[SQLColumnExpression[Any]], number: SQLColumnExpression[int]
) -> ColumnElement[bool]:
    """Whether one of these texts contains what is looked for, or it is exactly this number."""
    conditions = [like(each, find) for each in texts]
    if find.isascii() and find.isdigit() and len(find) <= 18:
        conditions.append(number == int(find))
    return or_(*conditions)


def by(
    texts: Sequence[SQLColumnExpression[Any]], number: SQLColumnExpression[int]
) -> Callable[[str], ColumnElement[bool]]:
    """What `matches` these texts and this number."""
    return partial(matches, texts=texts, number=number)


async def page(
    session: AsyncSession,
    query: Query,
    asked: Asked,
    *,
    key: Key,
    is_newest_first: bool = False,
    size: int = PAGE,
) -> Page[Any]:
    """Read one page. `key` is unique, an id or a name, and stands first in each row."""
    is_backward = bool(asked.before) and not asked.after
    start = asked.before if is_backward else asked.after
    is_falling = is_newest_first is not is_backward
    if start:
        bound = _key(start, key)
        query = query.where(key < bound if is_falling else key > bound)
    found = (await session.execute(query.order_by(key.desc() if is_falling else key).limit(size + 1))).all()
    has_more, rows = len(found) > size, list(found[:size])
    if is_backward:
        rows.reverse()
    has_previous = has_more if is_backward else bool(start)
    has_next = bool(rows) if is_backward else has_more
    return Page(
        rows=rows,
        asked=asked,
        previous=asked.link(before=str(rows[0][0]))
        if rows and has_previous
        else asked.link()
        if has_previous
        else None,
        next=asked.link(after=str(rows[-1][0])) if rows and has_next else None,
    )


def _key(text: str, key: Key) -> int | str:
    if key.expression.type.python_type is not int:
        if "\0" in text or len(text) > LONGEST:
            invalid("There is no such page.")
        return text
    if not (text.isascii() and text.isdigit() and len(text) <= 19 and int(text) <= LARGEST_ROOT):
        invalid("There is no such page.")
    return int(text)
