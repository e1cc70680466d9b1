"""Rows of a dump, and what their texts mean. No error quotes a value: a dump may hold tokens and addresses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

_FLAGS = {"t": True, "true": True, "f": False, "false": False}


class DumpError(ValueError):
    """The file can't be read; the message names the line, the table, and what is wrong."""

    def __init__(self, message: str, *, line: int, table: Table | None = None) -> None:
        of_table = f", table {table}" if table is not None else ""
        super().__init__(f"line {line}{of_table}: {message}")
        self.line, self.table = line, table


class Table(NamedTuple):
    """A table, by its schema and its name."""

    schema: str
    name: str

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One row. Each method raises DumpError where there is no such column, or its text means something else."""

    table: Table
    line: int
    """Where it stands in the file, from 1."""
    values: Mapping[str, str | None]
    """Texts by column, as PostgreSQL writes them; None for NULL."""

    def has(self, column: str) -> bool:
        """Whether the table had this column when it was dumped."""
        return column in self.values

    def text(self, column: str) -> str:
        """A text that is not NULL."""
        value = self.optional_text(column)
        if value is None:
            raise self.fault(column, "is NULL")
        return value

    def optional_text(self, column: str) -> str | None:
        """A text; None for NULL."""
        if column not in self.values:
            raise self.fault(column, "is missing")
        return self.values[column]

    def integer(self, column: str) -> int:
        """A whole number that is not NULL."""
        value = self.optional_integer(column)
        if value is None:
            raise self.fault(column, "is NULL")
        return value

    def optional_integer(self, column: str) -> int | None:
        """A whole number; None for NULL."""
        value = self.optional_text(column)
        if value is None:
            return None
        if not value.removeprefix("-").isdecimal():
            raise self.fault(column, "is no whole number")
        return int(value)

    def optional_number(self, column: str) -> float | None:
        """A number; None for NULL."""
        value = self.optional_text(column)
        try:
            return None if value is None else float(value)
        except ValueError:
            raise self.fault(column, "is no number") from None

    def flag(self, column: str) -> bool:
        """True or false."""
        value = _FLAGS.get(self.text(column).lower())
        if value is None:
            raise self.fault(column, "is neither true nor false")
        return value

    def time(self, column: str) -> datetime:
        """A time that is not NULL, in UTC, without a zone."""
        value = self.optional_time(column)
        if value is None:
            raise self.fault(column, "is NULL")
        return value

    def optional_time(self, column: str) -> datetime | None:
        """A time in UTC, without a zone; None for NULL."""
        value = self.optional_text(column)
        if value is None:
            return None
        try:
            told = datetime.fromisoformat(value)
        except ValueError:
            raise self.fault(column, "is no time that Karst can keep") from None
        return told if told.tzinfo is None else told.astimezone(UTC).replace(tzinfo=None)

    def fault(self, column: str, message: str) -> DumpError:
        """An error about one value of this row."""
        return DumpError(f"column {column} {message}", line=self.line, table=self.table)
