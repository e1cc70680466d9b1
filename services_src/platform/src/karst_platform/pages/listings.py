"""Long lists: one page of them at a time, searched by a text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar
from urllib.parse import urlencode

from fastapi import Request

ItemT = TypeVar("ItemT")
_LONGEST_SEARCH = 120
_LAST_PAGE = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Window:
    """Which part of a list somebody wants to see; pages begin with 1."""

    search: str = ""
    page: int = 1
    per_page: int = 50
    others: Mapping[str, str] = field(default_factory=dict[str, str])
    """Other parameters of the page, which stay when people turn it."""

    @property
    def offset(self) -> int:
        """How many items come before it."""
        return (self.page - 1) * self.per_page

    def url(self, page: int) -> str:
        """The query of another page of the same list."""
        told = {**self.others, "search": self.search, "page": str(page) if page > 1 else ""}
        return "?" + urlencode({name: value for name, value in told.items() if value})


def window_of(request: Request, *, per_page: int = 50, others: Sequence[str] = ()) -> Window:
    """Read `search`, `page` and the `others` of an address; what makes no sense counts as not told."""
    told = request.query_params
    page = told.get("page", "")
    number = int(page) if page.isascii() and page.isdigit() and len(page) < 8 else 1
    return Window(
        search=_text(told.get("search", "")),
        page=min(max(number, 1), _LAST_PAGE),
        per_page=per_page,
        others={name: _text(told[name]) for name in others if name in told},
    )


@dataclass(frozen=True, kw_only=True)
class Listing(Generic[ItemT]):
    """The part of a list that a page shows."""

    items: Sequence[ItemT]
    total: int
    """How many there are on all pages."""
    window: Window

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return max(1, -(-self.total // self.window.per_page))

    @property
    def first(self) -> int:
        """Number of the first item shown, from 1; 0 where there is none."""
        return self.window.offset + 1 if self.items else 0

    @property
    def last(self) -> int:
        """Number of the last item shown."""
        return self.window.offset + len(self.items)

    @classmethod
    def of(cls, everything: Sequence[ItemT], window: Window) -> Listing[ItemT]:
        """One page of a list that is in memory; beyond the end, the last one."""
        last = max(1, -(-len(everything) // window.per_page))
        shown = replace(window, page=min(window.page, last))
        return cls(items=everything[shown.offset : shown.offset + shown.per_page], total=len(everything), window=shown)


def _text(value: str) -> str:
    """Without what no database takes."""
    return "".join(each for each in value.strip()[:_LONGEST_SEARCH] if each >= " " and not "\ud800" <= each <= "\udfff")
