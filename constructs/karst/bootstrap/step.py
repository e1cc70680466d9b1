"""One thing that bootstrap looks after: how it stands, and how it is made."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Standing(StrEnum):
    """How a thing stands, in the words in which it is told."""

    READY = "in place"
    MISSING = "to be made"
    DIFFERS = "to be changed"
    BLOCKED = "in the way"
    UNSEEN = "to be made where it is missing"


@dataclass(frozen=True, kw_only=True)
class Look:
    """What was seen."""

    standing: Standing
    details: tuple[str, ...] = ()
    """What will be made or changed, or why nothing can be."""
    remedy: str = ""
    """What a person has to do where it is in the way."""


READY = Look(standing=Standing.READY)


class Step(Protocol):
    """Looks at one thing, and makes it. Both raise `GoogleError`."""

    @property
    def name(self) -> str:
        """What it is, for people."""
        ...

    @property
    def wish(self) -> tuple[str, ...]:
        """What it should be: told where it can't be seen yet."""
        ...

    def look(self) -> Look:
        """See how it stands; changes nothing."""
        ...

    def make(self) -> None:
        """Bring it to what it should be, whatever of that is there already. Takes away nothing."""
        ...


def missing(*details: str) -> Look:
    """It has to be made."""
    return Look(standing=Standing.MISSING, details=details)


def differs(*details: str) -> Look:
    """It has to be changed."""
    return Look(standing=Standing.DIFFERS, details=details)


def blocked(why: str, remedy: str) -> Look:
    """It can neither be made nor changed."""
    return Look(standing=Standing.BLOCKED, details=(why,), remedy=remedy)
