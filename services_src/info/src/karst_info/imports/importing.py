"""Puts a dump of CAVE's info service into a database, all of it or nothing, with the ids that rows have."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from sqlalchemy import BigInteger, Column, Float, Integer, String, Table, Text, delete, func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from karst_info.checking import KINDS, check
from karst_info.model import AlignedVolume, Base, Datastack, Declaration, ImageSource
from karst_platform.dumps import Dump, DumpError, Row
from karst_platform.dumps import Table as Name
from karst_platform.dumps.importing import Import
from karst_platform.exits import CommandError, Exit
from karst_platform.relational import Relational

Value = str | int | float | None
_MODELS = (AlignedVolume, ImageSource, Datastack)
TABLES: tuple[Table, ...] = tuple(Base.metadata.tables[model.__tablename__] for model in _MODELS)
"""From those that others refer to, to those that refer to others."""
_KIND = {kind.model.__tablename__: kind for kind in KINDS.values()}
_LARGEST = {Integer: 2**31 - 1, BigInteger: 2**63 - 1}


@dataclass(frozen=True, kw_only=True)
class Imported:
    """What came of it."""

    counts: Mapping[str, int]
    """Rows by table."""
    passed_over: Mapping[Name, int]
    """Rows of tables that this service doesn't have."""
    advice: tuple[str, ...] = ()
    """What people should look at: rows that were taken as they are, and that clients may not read."""
    is_there: bool = False
    """Whether the database held exactly this already; then nothing was done."""


@dataclass
class _Read:
    rows: dict[str, list[dict[str, Value]]] = field(
        default_factory=lambda: {table.name: list[dict[str, Value]]() for table in TABLES}
    )
    lines: dict[tuple[str, int], Row] = field(default_factory=dict[tuple[str, int], Row])


async def import_dump(database: Relational, order: Import) -> Imported:
    """Import into a migrated database. Raises CommandError, DumpError, OSError, and what the database raises."""
    dump = Dump(order.dump)
    read = _read(dump, order)
    counts = {name: len(rows) for name, rows in read.rows.items()}
    names = {Name(order.schema, table.name) for table in TABLES}
    passed_over = {name: count for name, count in dump.tables.items() if name not in names and count}
    advice = tuple(_advice(read))
    is_there = False
    if not order.is_dry:
        async with database.begin() as session:
            is_there = await _write(session, read, dump, order)
    return Imported(counts=counts, passed_over=passed_over, advice=advice, is_there=is_there)


def _read(dump: Dump, order: Import) -> _Read:
    """Read all rows and hold them against each other."""
    read, tables = _Read(), {Name(order.schema, table.name): table for table in TABLES}
    for row in dump.rows(tables.keys()):
        table = tables[row.table]
        values = {column.name: _value(row, column) for column in table.columns if _is_told(row, column)}
        number = int(values["id"] or 0)
        if (other := read.lines.get((table.name, number))) is not None:
            raise row.fault("id", f"the same as in line {other.line}")
        read.lines[table.name, number] = row
        read.rows[table.name].append({**dict.fromkeys(column.name for column in table.columns), **values})
    if not tables.keys() & dump.tables.keys():
        schemas = sorted({name.schema for name in dump.tables if name.name == "datastack"})
        hint = f"Tell which schema: --schema {schemas[0]}" if schemas else "Is it one of info?"
        raise CommandError(Exit.USAGE, f"{order.dump.name} has no table {order.schema}.datastack with rows. {hint}")
    _hold_together(read)
    return read


def _hold_together(read: _Read) -> None:
    volumes = {row["id"] for row in read.rows[AlignedVolume.__tablename__]}
    for name, rows in read.rows.items():
        seen: dict[tuple[Value, Value], Row] = {}
        for values in rows:
            row = read.lines[name, int(values["id"] or 0)]
            volume = values.get("aligned_volume_id")
            if volume is not None and volume not in volumes:
                message = f"aligned_volume_id is {volume}, and there is no aligned_volume of this id"
                raise DumpError(message, line=row.line, table=row.table)
            key = (values["name"], volume if name == ImageSource.__tablename__ else None)
            if (other := seen.setdefault(key, row)) is not row:
                raise row.fault("name", f"the same as in line {other.line}")


async def _write(session: AsyncSession, read: _Read, dump: Dump, order: Import) -> bool:
    """Write all rows; say whether they were there already, and nothing was done."""
    await session.execute(text(f"LOCK TABLE {', '.join(table.name for table in TABLES)} IN SHARE ROW EXCLUSIVE MODE"))
    stored = {table.name: await _stored(session, table) for table in TABLES}
    if stored == {name: _ordered(rows) for name, rows in read.rows.items()}:
        return True
    if not order.is_replacing:
        for name, rows in stored.items():
            if rows:
                message = (
                    f"the database isn't empty: its table {name} has {len(rows)} rows. Name an empty one; or --replace "
                    "takes away all that it holds"
                )
                raise CommandError(Exit.USAGE, message)
    await session.execute(delete(Declaration))
    for table in reversed(TABLES):
        await session.execute(delete(table))
    for table in TABLES:
        if rows := read.rows[table.name]:
            await session.execute(insert(table), rows)
        # New rows get ids that no row ever had.
        last = max([dump.sequences.get(f"{table.name}_id_seq", 0), *(int(row["id"] or 0) for row in rows)])
        sequence = func.pg_get_serial_sequence(table.name, "id")
        await session.execute(select(func.setval(sequence, max(last, 1), last > 0)))
    return False


async def _stored(session: AsyncSession, table: Table) -> list[dict[str, Value]]:
    rows = await session.execute(select(table))
    return _ordered([dict(row) for row in rows.mappings()])


def _ordered(rows: Iterable[dict[str, Value]]) -> list[dict[str, Value]]:
    return sorted(rows, key=lambda row: int(row["id"] or 0))


def _advice(read: _Read) -> Iterator[str]:
    for name, rows in read.rows.items():
        kind = _KIND[name]
        for row in rows:
            checked = check(kind, {each.name: row[kind.column(each.name)] for each in kind.fields})
            for told in (*checked.faults.values(), *checked.advice.values()):
                yield f"{kind.title.lower()} {row['name']}: {told}"


def _is_told(row: Row, column: Column[object]) -> bool:
    return row.has(column.name) or not column.nullable


def _value(row: Row, column: Column[object]) -> Value:
    if column.nullable and row.optional_text(column.name) is None:
        return None
    if isinstance(column.type, Float):
        number = row.optional_number(column.name)
        if number is None or not math.isfinite(number):
            raise row.fault(column.name, "is no finite number")
        return number
    if isinstance(column.type, Integer):
        number, largest = row.integer(column.name), _LARGEST[type(column.type)]
        if not 0 <= number <= largest:
            raise row.fault(column.name, f"is not between 0 and {largest}")
        return number
    value = row.text(column.name)
    longest = column.type.length if isinstance(column.type, String) and not isinstance(column.type, Text) else None
    if longest is not None and len(value) > longest:
        raise row.fault(column.name, f"is longer than {longest} characters")
    return value
