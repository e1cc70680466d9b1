"""Documents in collections: what Firestore is in the cloud and PostgreSQL on one machine.

A path alternates collections and documents: `("clio_users", "ada@example.org")` is a document,
`("clio_annotations_v2", "mb20", "ada@example.org")` a collection. Fields are JSON: dicts with text keys, lists,
text, numbers, booleans, null. Integers are 64 bit; a store refuses what it can't keep with `UnstorableError`, before
anything is written (`storable` has the limits, the same for both stores).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

Json = Mapping[str, "Json"] | Sequence["Json"] | str | int | float | bool | None
Fields = Mapping[str, Json]
Path = tuple[str, ...]
Result = TypeVar("Result")


class UnstorableError(ValueError):
    """Fields that the store can't keep; the message says which and why."""


class StoreUnavailableError(ConnectionError):
    """The store doesn't answer. No commit is half-written; the last one may be written where its answer was lost."""


class ContentionError(Exception):
    """Others changed the same documents again and again; the transaction was given up and wrote nothing."""


@dataclass(frozen=True, kw_only=True)
class Document:
    """A document as it was when it was read."""

    path: Path
    fields: Fields

    @property
    def id(self) -> str:
        """The last part of its path."""
        return self.path[-1]


@dataclass(frozen=True, kw_only=True)
class Write:
    """One change: new fields in place of all old ones, or, without fields, the end of the document."""

    path: Path
    fields: Fields | None


@dataclass(frozen=True, kw_only=True)
class Query:
    """Documents of one collection, in order of their ids, or of a field and then their ids."""

    collection: Path
    equals: tuple[tuple[str, Json], ...] = ()
    """Field and value, as many as needed; null finds null, not the lack of the field."""
    contains: tuple[tuple[str, Json], ...] = ()
    """Field that is a list, and an element of it, as many as needed; Firestore looks up the first only."""
    order_by: str | None = None
    """Leaves out documents without the field. Types come in Firestore's order: null, booleans, numbers, text, lists,
    maps. Firestore needs an index of its own for this together with `equals` or `contains`."""
    is_descending: bool = False
    """Turns the order of a field, ids too; not possible without `order_by`."""
    after_id: str | None = None
    """Only what follows this id; only in order of ids."""
    after_value: int | None = None
    """Only what follows this value of the field that orders; only ascending."""
    limit: int | None = None


class Transaction(Protocol):
    """Reads and writes that happen at once or not at all. All reads come before the first write."""

    async def get(self, path: Path) -> Document | None:
        """The document, or None."""
        ...

    async def get_many(self, paths: Sequence[Path]) -> list[Document | None]:
        """Documents in the order of their paths, None for each that isn't there."""
        ...

    async def find(self, query: Query) -> list[Document]:
        """What the query finds."""
        ...

    def write(self, *changes: Write) -> None:
        """Add changes; they take effect when the transaction ends."""
        ...


class Documents(Protocol):
    """A store of documents. Safe to use from many tasks at a time.

    Every method raises `StoreUnavailableError` where the store doesn't answer.
    """

    async def get(self, path: Path) -> Document | None:
        """The document, or None."""
        ...

    async def get_many(self, paths: Sequence[Path]) -> list[Document | None]:
        """Documents in the order of their paths, None for each that isn't there."""
        ...

    def find(self, query: Query) -> AsyncIterator[Document]:
        """What the query finds, streamed: memory doesn't grow with the number of documents."""
        ...

    async def write(self, *changes: Write) -> None:
        """Write in as few commits as the store allows, each whole or not at all. Of changes to one path the last wins.

        Raises `UnstorableError` before the first commit.
        """
        ...

    async def children(self, path: Path) -> list[str]:
        """Names of the collections below a document, or ids of the documents of a collection, in order.

        A document that holds only collections counts, though it has no fields.
        """
        ...

    async def in_transaction(self, work: Callable[[Transaction], Awaitable[Result]]) -> Result:
        """Run `work`, again where others changed what it read, and return what it returns.

        So `work` has no effect but through its transaction. Raises `ContentionError` after the last attempt.
        """
        ...

    async def check(self) -> None:
        """Ask the store for a sign of life, quickly."""
        ...

    async def close(self) -> None:
        """Let connections go."""
        ...
