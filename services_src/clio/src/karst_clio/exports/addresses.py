"""Where a store is: `firestore://project/database` or `postgresql://user@host/database`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

import psycopg
from psycopg.conninfo import conninfo_to_dict

from karst_platform.exits import CommandError, Exit

_FIRESTORE = "firestore://"
_POSTGRES = ("postgresql://", "postgres://")
_PROJECT = re.compile(r"[a-z][a-z0-9.:-]{3,60}[a-z0-9]")
_DATABASE = re.compile(r"\(default\)|[a-z][a-z0-9-]{2,61}[a-z0-9]")


@dataclass(frozen=True, kw_only=True)
class FirestoreAddress:
    """A database of Firestore."""

    project: str
    database: str

    def __str__(self) -> str:
        return f"{_FIRESTORE}{self.project}/{self.database}"


@dataclass(frozen=True, kw_only=True)
class PostgresAddress:
    """A database of PostgreSQL. Its text names neither user nor password."""

    dsn: str
    shown: str

    def __str__(self) -> str:
        return self.shown


Address = FirestoreAddress | PostgresAddress


def parse_address(text: str) -> Address:
    """The address in a text. Raises CommandError, without quoting what could hold a password."""
    if text.startswith(_FIRESTORE):
        return _firestore(unquote(text.removeprefix(_FIRESTORE)).strip("/"))
    if text.startswith(_POSTGRES):
        return _postgres(text)
    raise CommandError(
        Exit.USAGE,
        "A store's address begins with firestore:// or postgresql://. "
        "Write one like firestore://my-project/clio or postgresql://user@host/database",
    )


def _firestore(text: str) -> FirestoreAddress:
    project, _, database = text.partition("/")
    database = database or "(default)"
    if not _PROJECT.fullmatch(project) or not _DATABASE.fullmatch(database):
        raise CommandError(
            Exit.USAGE,
            f"{_FIRESTORE}{text} names no database. Write firestore://PROJECT/DATABASE; "
            "without a database it is (default)",
        )
    return FirestoreAddress(project=project, database=database)


def _postgres(text: str) -> PostgresAddress:
    try:
        parts = conninfo_to_dict(text)
    except psycopg.ProgrammingError:
        raise CommandError(
            Exit.USAGE,
            "The address of PostgreSQL can't be read. Write postgresql://user:password@host:5432/database, "
            "with special characters of the password in percent form",
        ) from None
    place = f"{parts.get('host') or 'localhost'}:{parts.get('port') or 5432}"
    return PostgresAddress(dsn=text, shown=f"postgresql://{place}/{parts.get('dbname') or ''}")
