"""How programs end that move data: statuses that scripts can tell apart, the same for all of them."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """How a command ended. What `karst up` has too has the same number there."""

    OK = 0
    USAGE = 2
    """Options, an address or a file that mean nothing, or a target that holds something."""
    IN_USE = 3
    """Another run writes the same folder."""
    DIFFERENT = 4
    """Not all is there, or the target holds something else of the same name."""
    DISK_FULL = 5
    STORE = 6
    """The store can't be reached, or refuses."""
    DAMAGED = 7
    """Files that are damaged, contradict themselves, or are of a newer Karst; so is the schema of a database."""
    INTERRUPTED = 130


class CommandError(Exception):
    """The command can't go on; the message says why and what to do."""

    def __init__(self, exit_code: Exit, message: str) -> None:
        super().__init__(message)
        self.exit_code = exit_code
