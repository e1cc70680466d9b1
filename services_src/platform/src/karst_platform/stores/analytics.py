"""Tables for questions over many rows: BigQuery in the cloud, a file of DuckDB on one machine.

Questions are SQL. The stores spell a few things differently: whoever asks writes them as the store's `dialect` says.
What comes from outside stands in parameters, never in the text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

Parameter = bool | int | float | str
Row = tuple[Any, ...]
"""The columns that the question names, in its order; their types are the question's."""


class MissingTableError(LookupError):
    """The store has no table of a name in the question."""


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """What a store's SQL spells in its own way."""

    parameter: str
    """What stands before a parameter's name."""
    quote: str
    """What stands around the name of a table."""
    exclusive_or: str
    """The bits that differ between two whole numbers."""
    random: str

    def table(self, *names: str) -> str:
        """A table's name by its parts. They have to be checked before: quotes in them are not escaped."""
        return ".".join(f"{self.quote}{name}{self.quote}" for name in names)


class Analytics(Protocol):
    """Tables that can be asked. Safe to use from many tasks at a time."""

    @property
    def dialect(self) -> Dialect:
        """How this store's SQL is written."""
        ...

    async def ask(self, sql: str, parameters: Mapping[str, Parameter]) -> list[Row]:
        """All rows of an answer.

        Raises `MissingTableError`, and `karst_platform.stores.documents.StoreUnavailableError` where the store doesn't
        answer or refuses for the cost.
        """
        ...
