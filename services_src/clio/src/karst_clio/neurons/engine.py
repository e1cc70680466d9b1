"""What every way of keeping annotations of bodies can do: natively in our store, or far away in a DVID server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from karst_clio.neurons.merge import Posting
from karst_clio.neurons.records import Show
from karst_platform.stores.documents import Fields, Json

ALL = 1_000_000
"""How many annotations are answered at the most where nobody says how many."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """How annotations are to be answered."""

    version: str = ""
    """A tag, a uuid, or nothing for the newest."""
    show: Show = Show.NONE
    is_only_ids: bool = False
    is_with_history: bool = False
    """Whether every revision is answered, newest first."""


class NeuronEngine(Protocol):
    """The annotations of one dataset. What reads returns the JSON text of a list, in parts."""

    async def fields(self) -> list[str]:
        """Names of the fields that annotations have."""
        ...

    def all(self, asked: Asked, *, after: int | None, size: int) -> AsyncIterator[bytes]:
        """Annotations in order of their body ids: those after an id, at most `size`."""
        ...

    def bodies(self, ids: Sequence[int], asked: Asked) -> AsyncIterator[bytes]:
        """Annotations of some bodies, in the order asked for, without those that aren't there."""
        ...

    def query(self, query: Json, asked: Asked) -> AsyncIterator[bytes]:
        """Annotations that fit a query, in order of their body ids."""
        ...

    async def write(self, annotations: Sequence[Fields], posting: Posting, version: str) -> None:
        """Merge annotations into what is stored, each body's at once or not at all."""
        ...

    async def delete(self, body: int, posting: Posting) -> None:
        """Take a body's annotation away; its history stays."""
        ...
