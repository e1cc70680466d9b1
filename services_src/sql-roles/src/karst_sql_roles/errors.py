"""What ends a run, in words for whoever reads the job's log."""

from __future__ import annotations


class SqlRolesError(Exception):
    """Something that a person must put right; the message says what, and holds no secret."""
