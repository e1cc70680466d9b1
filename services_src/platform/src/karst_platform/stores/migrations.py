"""The schema of the documents store in PostgreSQL, in numbered steps, each with its way back.

Plain SQL and one table that holds the number: docs/adr/0005-documents-store.md says why not Alembic here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import LiteralString

from karst_platform.stores.postgres import Connection, Postgres


class NewerSchemaError(RuntimeError):
    """A newer Karst made this database; this one could damage it."""


class OlderSchemaError(RuntimeError):
    """This database is still to be migrated."""


@dataclass(frozen=True, kw_only=True)
class Migration:
    """One step; `up` and `down` are statements of SQL."""

    up: tuple[LiteralString, ...]
    down: tuple[LiteralString, ...]


MIGRATIONS = (
    Migration(
        up=(
            # The order of ids is that of their bytes, as in Firestore, whatever the database's language.
            """
            CREATE TABLE documents (
                collection text COLLATE "C" NOT NULL,
                id text COLLATE "C" NOT NULL,
                fields jsonb NOT NULL,
                PRIMARY KEY (collection, id)
            ) WITH (fillfactor = 90)
            """,
            # Without the list of pending entries: a long one makes searches wait for others' bulk writes.
            # Values are indexed together with their collection, so that others' values don't slow a search down.
            """
            CREATE INDEX documents_fields ON documents
                USING gin (jsonb_set('{}', ARRAY[collection], fields) jsonb_path_ops) WITH (fastupdate = off)
            """,
        ),
        down=("DROP TABLE documents",),
    ),
    Migration(
        # With a short list of pending entries: values that many documents share go into the index together, which
        # takes a fifth of the time and a third of the log. Searches read the list too, and it has eight pages.
        up=("ALTER INDEX documents_fields SET (fastupdate = on, gin_pending_list_limit = 64)",),
        down=(
            "ALTER INDEX documents_fields SET (fastupdate = off)",
            "ALTER INDEX documents_fields RESET (gin_pending_list_limit)",
            "SELECT gin_clean_pending_list('documents_fields')",
        ),
    ),
)
"""Step n leads from schema n to schema n+1. A step that was released never changes."""

_LOCK = 0x6B61727374  # any number that only we use
_VERSION_TABLE: LiteralString = """
    CREATE TABLE IF NOT EXISTS documents_schema (version int NOT NULL, at timestamptz NOT NULL DEFAULT now())
"""


async def migrate(postgres: Postgres, to: int = len(MIGRATIONS)) -> int:
    """Bring the schema to step `to`, up or down, all of it or nothing; return how many steps that took.

    Several processes may call it at once: one does the work, the others wait. Raises `NewerSchemaError`.
    """
    if not 0 <= to <= len(MIGRATIONS):
        raise ValueError(f"There is no schema {to}: this Karst knows 0 (none) to {len(MIGRATIONS)}")
    async with postgres.connection() as connection, connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        await connection.execute(_VERSION_TABLE)
        version = await _version(connection)
        for migration in MIGRATIONS[version:to]:
            await _run(connection, migration.up)
        for migration in reversed(MIGRATIONS[to:version]):
            await _run(connection, migration.down)
        if version != to:
            await connection.execute("DELETE FROM documents_schema")
            await connection.execute("INSERT INTO documents_schema (version) VALUES (%s)", (to,))
        return abs(to - version)


async def schema_version(postgres: Postgres) -> int:
    """The schema that a database has, 0 where it has none; changes nothing. Raises `NewerSchemaError`."""
    async with postgres.connection() as connection:
        row = await (await connection.execute("SELECT to_regclass('documents_schema') IS NOT NULL")).fetchone()
        return await _version(connection) if row and row[0] else 0


async def check_schema(postgres: Postgres) -> None:
    """Raise `NewerSchemaError` or `OlderSchemaError` unless the schema is the one that this Karst works with."""
    version = await schema_version(postgres)
    if version < len(MIGRATIONS):
        raise OlderSchemaError(f"The documents have schema {version}, this Karst needs {len(MIGRATIONS)}")


async def _version(connection: Connection) -> int:
    cursor = await connection.execute("SELECT coalesce(max(version), 0) FROM documents_schema")
    row = await cursor.fetchone()
    version = int(row[0]) if row else 0
    if version > len(MIGRATIONS):
        raise NewerSchemaError(
            f"The documents have schema {version}, this Karst knows {len(MIGRATIONS)}: use the newer Karst"
        )
    return version


async def _run(connection: Connection, statements: tuple[LiteralString, ...]) -> None:
    for statement in statements:
        await connection.execute(statement)
