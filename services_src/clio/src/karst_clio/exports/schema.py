"""Brings the schema of a store in PostgreSQL up or down."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg

from karst_clio.exports.addresses import Address, PostgresAddress
from karst_clio.exports.postgres_store import PostgresStore
from karst_clio.exports.progress import Screen
from karst_platform.exits import CommandError, Exit
from karst_platform.stores.migrations import MIGRATIONS, NewerSchemaError, migrate, schema_version
from karst_platform.stores.postgres import Postgres


@dataclass(frozen=True, kw_only=True)
class Migration:
    """Which database, and where to."""

    address: Address
    to: int | None
    """None is the newest."""
    may_delete: bool
    """Whether documents may be lost, as they are in schema 0."""


async def migrate_schema(order: Migration, screen: Screen) -> None:
    """Bring the schema where it is wanted, all of the way or not at all. Raises CommandError."""
    to = len(MIGRATIONS) if order.to is None else order.to
    if not isinstance(order.address, PostgresAddress):
        raise CommandError(Exit.USAGE, "Firestore has no schema; only PostgreSQL is migrated")
    if not 0 <= to <= len(MIGRATIONS):
        raise CommandError(Exit.USAGE, f"There is no schema {to}. Name one of 0 (none) to {len(MIGRATIONS)}")
    store = PostgresStore(order.address)
    try:
        await store.open(is_writing=False)
        held = await store.count()
    finally:
        await store.close()
    if to == 0 and held and not order.may_delete:
        raise CommandError(
            Exit.DIFFERENT,
            f"{order.address} holds {held:,} documents, and schema 0 holds none. Export them first; "
            "to delete them: --delete-documents",
        )
    screen.say(f"{order.address} went from schema {await _migrate(order.address, to)} to {to}.")


async def _migrate(address: PostgresAddress, to: int) -> int:
    postgres = Postgres(address.dsn, connections=1, statement_timeout_s=3600)
    try:
        before = await schema_version(postgres)
        await migrate(postgres, to)
    except NewerSchemaError as error:
        raise CommandError(Exit.DAMAGED, f"{address}: {error}") from None
    except psycopg.errors.InsufficientPrivilege as error:
        raise CommandError(Exit.STORE, f"{address}: the user may not do this: {error}") from None
    else:
        return before
    finally:
        await postgres.close()
