"""What ends a run, or one step of it, in words for whoever reads them."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """How a run ended."""

    DONE = 0
    FAILED = 1
    """A step was refused; the others are done."""
    USAGE = 2
    CONFLICT = 3
    """Something that people made by hand stands where something else is declared."""
    NOT_ALLOWED = 5
    UNAVAILABLE = 6


class ReconcileError(Exception):
    """The run ends here; the message says why and what to do. It holds no secret."""

    def __init__(self, code: Exit, message: str) -> None:
        super().__init__(message)
        self.code = code


class RefusedError(Exception):
    """A service refused one call for good."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class TakenError(RefusedError):
    """It is there already, or is needed still: somebody else may have been quicker, so look again."""
