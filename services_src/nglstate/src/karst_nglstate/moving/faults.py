"""How a move ends."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """Exit statuses, the same as those of `karst clio`."""

    OK = 0
    USAGE = 2
    DIFFERENT = 4
    DISK_FULL = 5
    STORE = 6
    DAMAGED = 7
    INTERRUPTED = 130


class MovingError(Exception):
    """A move that can't be done, or not whole."""

    def __init__(self, exit_code: Exit, message: str) -> None:
        super().__init__(message)
        self.exit_code = exit_code
