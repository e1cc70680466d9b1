"""What every store of records can do."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from karst_nglstate.record import Column, Record, Visibility


class TakenError(Exception):
    """Something else stands behind this id already."""


@dataclass(frozen=True, kw_only=True)
class Post:
    """What makes two posts the same one: who sent what, for whom."""

    column: Column
    user_id: str
    tag: str
    visibility: Visibility = Visibility.SHARED

    @property
    def name(self) -> str:
        """All in one word."""
        shared = f"{self.column}:{self.user_id}:{self.tag}"
        return shared if self.visibility is Visibility.SHARED else f"{shared}:{self.visibility}"


def post_of(record: Record) -> Post:
    """The post that made a record."""
    return Post(column=record.column, user_id=record.user_id, tag=record.tag, visibility=record.visibility)


class Records(Protocol):
    """Keeps what is known of states and properties. Every method may raise `StoreUnavailableError`."""

    async def new_id(self) -> int:
        """An id that nobody has and nobody else gets; it takes no place."""
        ...

    async def get(self, state_id: int, column: Column) -> Record | None:
        """The record behind an id, of this column only."""
        ...

    async def has(self, state_id: int) -> bool:
        """Whether anything stands behind an id."""
        ...

    async def posted(self, post: Post) -> int | None:
        """The id that the same post was given in the last ten minutes."""
        ...

    async def add(self, record: Record, *, is_chosen: bool) -> int:
        """Keep a new record, and return its id; that of the same post where one came first, which keeps nothing.

        `is_chosen` says that somebody chose the id: then only the id counts. Raises TakenError. Whole or not at all.
        """
        ...

    async def remove(self, record: Record) -> None:
        """Forget a record; one that isn't there is fine."""
        ...

    async def count(self, reads: Mapping[tuple[str, int], int]) -> None:
        """Add to the counters of records that were read, by place and id; records that are gone are left out."""
        ...

    async def forget_posts(self) -> None:
        """Forget posts of more than ten minutes ago."""
        ...

    def everything(self) -> AsyncIterator[Record]:
        """All records, in no particular order, for whoever moves them elsewhere."""
        ...

    async def check(self) -> None:
        """Ask the store for a sign of life, quickly."""
        ...

    async def close(self) -> None:
        """Let connections go."""
        ...
