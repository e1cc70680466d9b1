"""What a plan is made of."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum


class Verb(StrEnum):
    """What becomes of a thing."""

    CREATE = "create"
    CHANGE = "change"
    LEAVE = "leave"
    """It is as declared."""
    FOREIGN = "foreign"
    """People made it by hand, and it is in nobody's way."""
    CONFLICT = "conflict"
    """People made it by hand, and something else is declared: it is left, and somebody must decide."""
    PRUNE = "prune"
    """It was declared once, and no longer is: taken away where that is asked for."""
    KEEP = "keep"
    """It is declared no longer, but something that people made by hand hangs on it."""
    BY_HAND = "by hand"
    """The service offers no way for programs."""


DOING = frozenset({Verb.CREATE, Verb.CHANGE, Verb.PRUNE})


@dataclass(frozen=True, kw_only=True)
class Step:
    """One thing, and what becomes of it."""

    verb: Verb
    kind: str
    name: str
    detail: str = ""
    """What differs, or what to do."""
    do: Callable[[], Awaitable[None]] | None = None
    """Does it; None where nothing is done."""

    @property
    def title(self) -> str:
        """The thing in words."""
        return f"{self.kind} {self.name}"
