"""What can keep an export or import from ending well, each with an exit code that scripts can tell apart."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """How a command ended. What `karst up` has too has the same number there."""

    OK = 0
    USAGE = 2
    """Options, an address or a folder that mean nothing, or a target that holds something."""
    IN_USE = 3
    """Another export writes the same folder."""
    DIFFERENT = 4
    """Counts don't match, or the target holds other documents of the same paths."""
    DISK_FULL = 5
    STORE = 6
    """The store can't be reached, or refuses."""
    DAMAGED = 7
    """The files are damaged, or of a newer Karst; so is the schema of a database."""
    INTERRUPTED = 130


class ExportError(Exception):
    """The command can't go on; the message says why and what to do."""

    def __init__(self, exit_code: Exit, message: str) -> None:
        super().__init__(message)
        self.exit_code = exit_code
