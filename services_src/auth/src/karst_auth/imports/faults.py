"""What can keep an import from ending well, each with an exit code that scripts can tell apart."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """How a command ended. The numbers are those of `karst clio` and `karst up`."""

    OK = 0
    USAGE = 2
    """Options, an address or a file that mean nothing, or a database that holds something."""
    STORE = 6
    """The database can't be reached, or refuses."""
    DAMAGED = 7
    """The file is damaged, or contradicts itself."""
    INTERRUPTED = 130


class RefusedImportError(Exception):
    """The import can't go on; the message says why and what to do."""

    def __init__(self, exit_code: Exit, message: str) -> None:
        super().__init__(message)
        self.exit_code = exit_code
