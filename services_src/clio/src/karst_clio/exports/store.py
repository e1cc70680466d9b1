"""A whole store: all its documents in one order, and a way to put them into another."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from karst_platform.stores.documents import Documents, Fields, Path, StoreUnavailableError

Result = TypeVar("Result")
IMPORTS = "karst_imports"
"""The collection in which an import notes how far it came; never part of an export."""
_PAUSES_S = (1.0, 2.0, 4.0, 8.0)
_PAGE_BYTES = 16 << 20
_EXAMPLES = 5
_SMALLEST_PAGE, _LARGEST_PAGE = 16, 2000


@dataclass(frozen=True, kw_only=True)
class Record:
    """A document as files have it; `values` says how."""

    path: Path
    fields: Fields


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of records, or would become of them."""

    created: int = 0
    same: int = 0
    replaced: int = 0
    differing: int = 0
    """What the target holds otherwise, and keeps."""
    examples: tuple[Path, ...] = ()
    """Some of those that differ."""

    def __add__(self, other: Outcome) -> Outcome:
        return Outcome(
            created=self.created + other.created,
            same=self.same + other.same,
            replaced=self.replaced + other.replaced,
            differing=self.differing + other.differing,
            examples=(self.examples + other.examples)[:_EXAMPLES],
        )


def outcome(*, new: Sequence[Path], same: int, differing: Sequence[Path], putting: Putting) -> Outcome:
    """What becomes of a batch of which these are new to the store, equal there, and there otherwise."""
    if putting.is_replacing:
        return Outcome(created=len(new), same=same, replaced=len(differing))
    return Outcome(created=len(new), same=same, differing=len(differing), examples=tuple(differing[:_EXAMPLES]))


@dataclass(frozen=True, kw_only=True)
class Putting:
    """How records are put into a store."""

    is_replacing: bool = False
    """Whether documents that differ are overwritten; otherwise nothing of the batch is written where one does."""
    is_dry: bool = False
    """Whether nothing is written at all."""
    moved_from: str | None = None
    """Root of Firestore's names in the export: references below it lead into the target from now on."""

    def is_writing(self, differing: Sequence[Path]) -> bool:
        """Whether a batch is written of which these differ."""
        return not self.is_dry and (self.is_replacing or not differing)


class WholeStore(Protocol):
    """A store of documents as an export or import sees it. Belongs to one event loop."""

    @property
    def documents(self) -> Documents:
        """The same store as services see it."""
        ...

    @property
    def root(self) -> str | None:
        """What names of documents begin with in references, where the store has such."""
        ...

    async def open(self, *, is_writing: bool) -> None:
        """Make sure that it answers, and, before something is written, that it is ready. Raises CommandError."""
        ...

    async def count(self) -> int:
        """How many documents it holds, without those of `IMPORTS`."""
        ...

    def records(self, after: Path | None) -> AsyncIterator[Record]:
        """All documents, or those that follow one, in the store's own order. Memory doesn't grow with their number."""
        ...

    async def put(self, records: Sequence[Record], putting: Putting) -> Outcome:
        """Put records of different paths into the store, all or none, and tell what became of them.

        Raises CommandError where the store can't keep one.
        """
        ...

    async def close(self) -> None:
        """Let connections go."""
        ...


async def steadily(work: Callable[[], Awaitable[Result]]) -> Result:
    """Do what may be done twice, again after pauses while the store doesn't answer."""
    for pause_s in _PAUSES_S:
        try:
            return await work()
        except StoreUnavailableError:
            await asyncio.sleep(pause_s)
    return await work()


class PageSize:
    """How many documents to ask for at once: few while they are large, so that memory holds them."""

    def __init__(self) -> None:
        self.documents = _SMALLEST_PAGE

    def learn(self, count: int, size_bytes: int) -> None:
        """Choose the next page's size by what the last one held."""
        fitting = _PAGE_BYTES * count // max(size_bytes, 1)
        self.documents = max(_SMALLEST_PAGE, min(fitting, 4 * self.documents, _LARGEST_PAGE))
