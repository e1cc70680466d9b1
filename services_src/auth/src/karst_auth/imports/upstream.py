"""Which tables a dump brings, and how its rows become ours: ids stay, keys become hashes, addresses small letters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Integer, String, Table, Text

from karst_auth.changes.values import LARGEST_ID, LARGEST_ROOT
from karst_auth.model import Base
from karst_auth.tokens import hint
from karst_platform.cave.guard.authority import token_hash
from karst_platform.dumps import Row

_OURS = frozenset({"audit", "declaration", "login_token", "user_identity", "version"})
TABLES: Sequence[Table] = tuple(table for table in Base.metadata.sorted_tables if table.name not in _OURS)
"""From those that others refer to, to those that refer to others."""
Value = object


def values_of(row: Row, table: Table) -> dict[str, Value]:
    """The values of a row by column, also of a dump that lacks some columns. Raises DumpError."""
    told = {column.name: _value(row, column) for column in table.columns if _is_told(row, column)}
    if table.name == "user":
        told["email"] = str(told["email"]).lower()
    if table.name == "api_key" and (key := told.get("key")) is not None:
        told |= {"token_hash": token_hash(str(key)), "token_hint": hint(str(key)), "key": None}
    return told


def is_needed(column: Column[object]) -> bool:
    """Whether every row must have a value."""
    return not column.nullable and column.server_default is None


def _is_told(row: Row, column: Column[object]) -> bool:
    return row.has(column.name) or is_needed(column)


def _value(row: Row, column: Column[object]) -> Value:
    if row.optional_text(column.name) is None and not is_needed(column):
        return None
    read = next(reader for kind, reader in _READERS if isinstance(column.type, kind))
    return read(row, column)


def _flag(row: Row, column: Column[object]) -> Value:
    return row.flag(column.name)


def _time(row: Row, column: Column[object]) -> Value:
    return row.time(column.name)


def _integer(row: Row, column: Column[object]) -> Value:
    value = row.integer(column.name)
    largest = LARGEST_ROOT if isinstance(column.type, BigInteger) else LARGEST_ID
    if not 0 <= value <= largest:
        raise row.fault(column.name, f"is not between 0 and {largest}")
    return value


def _text(row: Row, column: Column[object]) -> Value:
    value = row.text(column.name)
    longest = cast("String", column.type).length
    if longest is not None and len(value) > longest:
        raise row.fault(column.name, f"is longer than {longest} characters")
    return value


_READERS: tuple[tuple[type, Callable[[Row, Column[object]], Value]], ...] = (
    (Boolean, _flag),
    (DateTime, _time),
    (Integer, _integer),
    (Text, _text),
    (String, _text),
)
