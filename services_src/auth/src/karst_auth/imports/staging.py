"""The rows of a dump in temporary tables, where they are held against each other before any of them counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, groupby
from typing import LiteralString, cast

from psycopg import AsyncConnection, sql
from sqlalchemy import Column, DefaultClause, Table, UniqueConstraint
from sqlalchemy.dialects import postgresql

from karst_auth.imports.upstream import TABLES, is_needed, values_of
from karst_platform.dumps import DumpError, Row
from karst_platform.dumps import Table as Name

_LINE = sql.Identifier("line of the dump")
_DIALECT = postgresql.dialect()


class Staging:
    """Temporary tables of one connection, which end with its transaction. `schema` is that of the dump's tables."""

    def __init__(self, connection: AsyncConnection, schema: str) -> None:
        self._connection, self._schema = connection, schema
        self.counts: dict[str, int] = {}
        """Rows by table."""

    @property
    def names(self) -> Mapping[Name, Table]:
        """Which table of the dump becomes which one of ours."""
        return {self._name(table): table for table in TABLES}

    async def fill(self, rows: Iterable[Row]) -> None:
        """Put rows of these tables there. Raises DumpError."""
        names = self.names
        for table in TABLES:
            columns = [_declared(column) for column in table.columns]
            made = sql.SQL("CREATE TEMP TABLE {} ({}, {} integer) ON COMMIT DROP")
            await self._connection.execute(made.format(_staged(table), _list(columns), _LINE))
        for name, of_table in groupby(rows, key=lambda row: row.table):
            table = names[name]
            self.counts[table.name] = self.counts.get(table.name, 0) + await self._copy(table, of_table)

    async def check(self) -> None:
        """Refuse rows that name others which aren't there, or are there twice. Raises DumpError."""
        for table in TABLES:
            for columns in _unique(table):
                await self._demand_unique(table, columns)
            for column in table.columns:
                for key in column.foreign_keys:
                    await self._demand_there(table, column, key.column.table)

    async def move(self) -> None:
        """Put all rows into the tables of the service, which must be empty."""
        for table in TABLES:
            columns = list(table.columns)
            names, values = _list(map(_identifier, columns)), _list(map(_kept, columns))
            statement = sql.SQL("INSERT INTO {} ({}) SELECT {} FROM {} ORDER BY id")
            target = sql.Identifier(table.name)
            await self._connection.execute(statement.format(target, names, values, _staged(table)))

    async def _copy(self, table: Table, rows: Iterable[Row]) -> int:
        first = next(iter(rows))
        columns = list(values_of(first, table))
        names = _list([*map(sql.Identifier, columns), _LINE])
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(_staged(table), names)
        count = 0
        async with self._connection.cursor() as cursor, cursor.copy(statement) as copy:
            for count, row in enumerate(chain([first], rows), start=1):  # noqa: B007 - counts
                values = values_of(row, table)
                await copy.write_row([*(values[column] for column in columns), row.line])
        return count

    async def _demand_unique(self, table: Table, columns: Sequence[Column[object]]) -> None:
        statement = sql.SQL(
            "SELECT max({line}), min({line}) FROM {staged} GROUP BY {names} "
            "HAVING count(*) > 1 AND num_nulls({names}) = 0 ORDER BY 1 LIMIT 1"
        ).format(line=_LINE, staged=_staged(table), names=_list(map(_identifier, columns)))
        if (found := await self._first(statement)) is not None:
            line, other = found
            said = " and ".join(column.name for column in columns)
            aside = ", capital letters aside" if said == "email" else ""
            raise DumpError(f"{said}: the same as in line {other}{aside}", line=line, table=self._name(table))

    async def _demand_there(self, table: Table, column: Column[object], other: Table) -> None:
        statement = sql.SQL(
            "SELECT one.{line}, one.{column} FROM {staged} one LEFT JOIN {other} other ON other.id = one.{column} "
            "WHERE one.{column} IS NOT NULL AND other.id IS NULL ORDER BY 1 LIMIT 1"
        ).format(line=_LINE, column=_identifier(column), staged=_staged(table), other=_staged(other))
        if (found := await self._first(statement)) is not None:
            line, missing = found
            message = f"{column.name} is {missing}, and there is no {other.name} of this id"
            raise DumpError(message, line=line, table=self._name(table))

    async def _first(self, statement: sql.Composed) -> tuple[int, int] | None:
        row = await (await self._connection.execute(statement)).fetchone()
        return None if row is None else (row[0], row[1])

    def _name(self, table: Table) -> Name:
        return Name(self._schema, table.name)


def _unique(table: Table) -> list[list[Column[object]]]:
    """Sets of columns of which no two rows have the same values; not so keys, whose hashes stand for them."""
    found = [list(each.columns) for each in table.constraints if isinstance(each, UniqueConstraint)]
    return sorted([*found, list(table.primary_key.columns)], key=lambda columns: [each.name for each in columns])


def _staged(table: Table) -> sql.Identifier:
    return sql.Identifier("pg_temp", f"staged_{table.name}")


def _declared(column: Column[object]) -> sql.Composed:
    kind = column.type.compile(dialect=_DIALECT)
    return sql.SQL("{} {}").format(_identifier(column), _ours(kind))


def _kept(column: Column[object]) -> sql.Composable:
    """A value as it is kept: what the dump leaves open is what a new row would have."""
    default = column.server_default
    if column.nullable or is_needed(column) or column.primary_key or not isinstance(default, DefaultClause):
        return _identifier(column)
    told = default.arg
    value = sql.Literal(told) if isinstance(told, str) else _ours(str(told.compile(dialect=_DIALECT)))
    return sql.SQL("coalesce({}, {})").format(_identifier(column), value)


def _ours(text: str) -> sql.SQL:
    """SQL that the model makes, and nobody else."""
    return sql.SQL(cast("LiteralString", text))


def _identifier(column: Column[object]) -> sql.Identifier:
    return sql.Identifier(column.name)


def _list(parts: Iterable[sql.Composable]) -> sql.Composed:
    return sql.SQL(", ").join(parts)
