"""What can keep the platform from running, each with an exit code that scripts can tell apart."""

from __future__ import annotations

import errno
from collections.abc import Generator
from contextlib import contextmanager
from enum import IntEnum

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


class Exit(IntEnum):
    """How a run ended."""

    OK = 0
    USAGE = 2
    """Options or settings that mean nothing."""
    IN_USE = 3
    """Another run has the state folder."""
    BUSY_PORT = 4
    DISK_FULL = 5
    DATABASE = 6
    """PostgreSQL can't be reached, doesn't start, or ends again and again."""
    FOREIGN_STATE = 7
    """The state folder is of a newer Karst, of another deployment, or none at all."""
    INTERRUPTED = 130
    """Stopped before open requests were finished."""


class LocalError(Exception):
    """The run can't go on; the message says why and what to do."""

    def __init__(self, exit_code: Exit, message: str) -> None:
        super().__init__(message)
        self.exit_code = exit_code


@contextmanager
def full_disk_named(place: object) -> Generator[None]:
    """Turn the operating system's word for a full disk into ours; other errors pass."""
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise disk_full(place) from error


def disk_full(place: object, needed_bytes: int | None = None) -> LocalError:
    """The disk that holds `place` has no room, or less than needed."""
    found = f"has less than {needed_bytes >> 20} MiB left" if needed_bytes else "is full"
    return LocalError(
        Exit.DISK_FULL, f"The disk that holds {place} {found}. Make room, or choose another place: --state FOLDER"
    )
