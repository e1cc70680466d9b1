"""Puts a dump of CAVE's auth service into a database, all of it or nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from psycopg import AsyncConnection, sql
from sqlalchemy import select

from karst_auth.changes.ledger import DEPLOYMENT, Changing, Ledger
from karst_auth.declared import exclude_other_starts
from karst_auth.imports.staging import Staging
from karst_auth.imports.upstream import TABLES
from karst_auth.model import AuditEntry
from karst_platform.dumps import Dump
from karst_platform.dumps import Table as Name
from karst_platform.dumps.importing import Import
from karst_platform.exits import CommandError, Exit

ACTION = "database.import"
"""The entry in the audit log by which a dump is known again."""
_SEEDED = {"group": sql.SQL("name <> 'default'"), "permission": sql.SQL("id > 2")}
"""What isn't there before anybody did anything, in tables that begin with rows."""


_DEFAULT = """
    INSERT INTO "group" (name) SELECT 'default' WHERE NOT EXISTS (SELECT FROM "group" WHERE name = 'default')
"""


@dataclass(frozen=True, kw_only=True)
class Imported:
    """What came of it."""

    counts: Mapping[str, int] = field(default_factory=dict[str, int])
    """Rows by table."""
    passed_over: Mapping[Name, int] = field(default_factory=dict[Name, int])
    """Rows of tables that auth doesn't have."""
    before: str | None = None
    """When this same dump was imported, where it was the last one: then nothing was done."""


async def import_dump(ledger: Ledger, order: Import) -> Imported:
    """Import into a migrated database. Raises CommandError, DumpError, OSError, and what the database raises."""
    digest = _digest(order.dump)
    async with ledger.change(DEPLOYMENT) as change:
        connection = await _driver(change)
        if not order.is_dry:
            await exclude_other_starts(change)
            before = await _last(change)
            if before is not None and before[0] == digest and not order.is_replacing:
                return Imported(counts=before[1], before=before[2])
            await _demand_empty(connection, order)
        return await _import(change, connection, order, digest)


async def _import(change: Changing, connection: AsyncConnection, order: Import, digest: str) -> Imported:
    dump, staging = Dump(order.dump), Staging(connection, order.schema)
    await staging.fill(dump.rows(staging.names.keys()))
    _demand_users(dump, order)
    await staging.check()
    await _demand_permissions(connection, order)
    passed_over = {name: count for name, count in dump.tables.items() if name not in staging.names and count}
    counts = {table.name: staging.counts.get(table.name, 0) for table in TABLES}
    if not order.is_dry:
        await _empty(connection)
        await staging.move()
        await _number(connection, dump.sequences)
        await connection.execute(_DEFAULT)
        change.note(ACTION, order.dump.name, after={"sha256": digest, "rows": counts})
        change.concerns_everybody()
    return Imported(counts=counts, passed_over=passed_over)


async def _last(change: Changing) -> tuple[str, Mapping[str, int], str] | None:
    """Digest, rows and time of the last import."""
    query = select(AuditEntry.after, AuditEntry.at).where(AuditEntry.action == ACTION).order_by(AuditEntry.id.desc())
    row = (await change.session.execute(query.limit(1))).first()
    if row is None:
        return None
    after = cast("Mapping[str, object]", row[0])
    return str(after["sha256"]), cast("Mapping[str, int]", after["rows"]), f"{row[1]:%Y-%m-%d %H:%M} UTC"


async def _driver(change: Changing) -> AsyncConnection:
    """The connection of this transaction, which can take rows as they come."""
    made = await (await change.session.connection()).get_raw_connection()
    return cast("AsyncConnection", made.driver_connection)


async def _demand_empty(connection: AsyncConnection, order: Import) -> None:
    """Refuse a database in which anybody did anything, unless told otherwise."""
    await connection.execute('LOCK TABLE "user" IN SHARE ROW EXCLUSIVE MODE')
    if order.is_replacing:
        return
    for table in TABLES:
        statement = sql.SQL("SELECT count(*) FROM {} WHERE {}").format(
            sql.Identifier(table.name), _SEEDED.get(table.name, sql.SQL("true"))
        )
        row = await (await connection.execute(statement)).fetchone()
        if row is not None and row[0]:
            message = (
                f"the database isn't empty: its table {table.name} has {row[0]} rows. Name an empty one; or "
                "--replace takes away all that it holds, but the audit log"
            )
            raise CommandError(Exit.USAGE, message)


async def _empty(connection: AsyncConnection) -> None:
    for name in ("declaration", "login_token", "user_identity", *(table.name for table in reversed(TABLES))):
        await connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(name)))


async def _number(connection: AsyncConnection, sequences: Mapping[str, int]) -> None:
    """Let new rows have ids that no row ever had."""
    for table in TABLES:
        statement = sql.SQL(
            "SELECT setval(pg_get_serial_sequence({}, 'id'), greatest((SELECT max(id) FROM {table}), {}, 1), "
            "greatest((SELECT max(id) FROM {table}), {}) > 0)"
        )
        last, quoted = sequences.get(f"{table.name}_id_seq", 0), f'"{table.name}"'
        made = statement.format(
            sql.Literal(quoted), sql.Literal(last), sql.Literal(last), table=sql.Identifier(table.name)
        )
        await connection.execute(made)


def _demand_users(dump: Dump, order: Import) -> None:
    if Name(order.schema, "user") in dump.tables:
        return
    schemas = sorted({name.schema for name in dump.tables if name.name == "user"})
    hint = f"Tell which schema: --schema {schemas[0]}" if schemas else "Is it one of auth?"
    raise CommandError(Exit.USAGE, f"{order.dump.name} has no table {order.schema}.user. {hint}")


async def _demand_permissions(connection: AsyncConnection, order: Import) -> None:
    """Clients know view and edit by their ids."""
    statement = "SELECT id, name FROM pg_temp.staged_permission WHERE id IN (1, 2) ORDER BY id"
    found = await (await connection.execute(statement)).fetchall()
    if found != [(1, "view"), (2, "edit")]:
        message = f"in {order.dump.name} permission 1 is not view, or permission 2 not edit; clients know them so"
        raise CommandError(Exit.DAMAGED, message)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
