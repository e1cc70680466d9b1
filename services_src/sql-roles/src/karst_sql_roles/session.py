"""Statements that change something, each with a sentence for the log and for the message of its failure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import LiteralString

import psycopg
from psycopg import errors, sql

from karst_sql_roles.errors import SqlRolesError
from karst_sql_roles.server import Connection

Row = tuple[object, ...]


def quoted(name: str) -> sql.Identifier:
    """A name as a statement holds it."""
    return sql.Identifier(name)


@dataclass
class Report:
    """What a run did, and what it would tell whoever owns the server."""

    changes: list[str] = field(default_factory=list[str])
    notes: list[str] = field(default_factory=list[str])

    def take(self, other: Report) -> None:
        """Add what another part of the run did, once that is certain."""
        self.changes += other.changes
        self.notes += other.notes


@dataclass(frozen=True)
class Session:
    """One database as the administrator sees it."""

    connection: Connection
    report: Report

    def rows(self, query: str, parameters: Mapping[str, object] | None = None) -> Sequence[Row]:
        """The answer to a question."""
        try:
            return self.connection.execute(query.encode(), parameters).fetchall()
        except errors.LockNotAvailable:
            raise SqlRolesError("Another run, or somebody by hand, holds the server. Wait, and deploy again.") from None
        except psycopg.Error as error:
            raise SqlRolesError(f"The server could not say how things are: {_said(error)}") from None

    def names(self, query: str, parameters: Mapping[str, object] | None = None) -> frozenset[str]:
        """The first column of the answer."""
        return frozenset(str(row[0]) for row in self.rows(query, parameters))

    def change(self, sentence: str, statement: LiteralString, **parts: sql.Composable) -> None:
        """Run a statement, and report it by a sentence that holds no secret.

        Raises SqlRolesError with the server's reason where it is refused.
        """
        try:
            self.connection.execute(sql.SQL(statement).format(**parts))
        except errors.LockNotAvailable:
            raise SqlRolesError(
                f"{sentence}: somebody holds a lock on it. Wait until they are done, and deploy again."
            ) from None
        except psycopg.Error as error:
            raise SqlRolesError(
                f"{sentence}: the server refused ({_said(error)}). Nothing of this database was changed. Put the "
                "reason right, or log in as an administrator who may, and deploy again."
            ) from None
        self.report.changes.append(sentence)

    def try_change(self, sentence: str, statement: LiteralString, **parts: sql.Composable) -> bool:
        """Run a statement that the server may not allow; whether it did. Nothing else is undone where it did not."""
        try:
            with self.connection.transaction():
                self.connection.execute(sql.SQL(statement).format(**parts))
        except errors.InsufficientPrivilege:
            return False
        except psycopg.Error as error:
            raise SqlRolesError(f"{sentence}: the server refused ({_said(error)}).") from None
        self.report.changes.append(sentence)
        return True


def _said(error: psycopg.Error) -> str:
    """The server's reason, without the statement, in which a password's verifier may stand."""
    return error.diag.message_primary or type(error).__name__
