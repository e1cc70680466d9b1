"""`python -m karst_auth import`: what `karst auth import` starts."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import psycopg
from sqlalchemy.exc import DBAPIError

from karst_auth.changes.ledger import Ledger
from karst_auth.imports.faults import Exit, RefusedImportError
from karst_auth.imports.importing import Import, Imported, import_dump
from karst_auth.migrations import MIGRATIONS
from karst_platform import SettingsError, load_settings
from karst_platform.cave.errors import CaveError
from karst_platform.cave.guard.push import NoChanges
from karst_platform.cave.guard.settings import RedisSettings, changes_of
from karst_platform.dumps import DumpError
from karst_platform.relational import Relational, place_of
from karst_platform.stores.documents import ContentionError, StoreUnavailableError, UnstorableError

TO_VARIABLES = ("KARST_AUTH_TO", "KARST_POSTGRES_DSN")
"""The second is what the service itself reads."""
_LONGEST_S = 3600


def run(arguments: Sequence[str]) -> Exit:
    """Run the command, say on standard error what came of it, and return its exit code."""
    told = parse_arguments(arguments)
    try:
        say(asyncio.run(work(told)), told)
    except RefusedImportError as error:
        return _ended(error.exit_code, str(error))
    except DumpError as error:
        return _ended(Exit.DAMAGED, f"{told.dump}: {error}. Nothing was written")
    except (UnstorableError, CaveError) as error:
        return _ended(Exit.DAMAGED, f"{told.dump}: {error} Nothing was written")
    except (StoreUnavailableError, ContentionError) as error:
        return _ended(Exit.STORE, f"the database doesn't answer: {error}. Nothing was written")
    except (DBAPIError, psycopg.Error) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        return _ended(Exit.STORE, f"the database refuses: {type(cause).__name__}. Nothing was written")
    except (OSError, ValueError, SettingsError) as error:
        return _ended(Exit.USAGE, str(error))
    except KeyboardInterrupt:
        return _ended(Exit.INTERRUPTED, "stopped; nothing was written")
    return Exit.OK


async def work(told: argparse.Namespace) -> Imported:
    """Do what the command says. Raises RefusedImportError, DumpError, and what files and databases raise."""
    order = Import(dump=told.dump, schema=told.schema, is_replacing=told.replace, is_dry=told.dry_run)
    place_of(told.to)
    if not order.dump.exists():
        raise RefusedImportError(Exit.USAGE, f"{order.dump} is not there")
    if not order.is_dry:
        await asyncio.to_thread(MIGRATIONS.run, told.to)
    heard = changes_of(load_settings(RedisSettings, os.environ))
    database = Relational(told.to, statement_timeout_s=_LONGEST_S)
    try:
        if heard is not None:
            heard.start()
        return await import_dump(Ledger(database, heard or NoChanges()), order)
    finally:
        if heard is not None:
            await heard.stop()
        await database.close()


def say(imported: Imported, told: argparse.Namespace) -> None:
    """Print how many rows of what."""
    place = place_of(told.to)
    if imported.before is not None:
        _print(f"{told.dump} was imported into {place} on {imported.before}; nothing was done. Again: --replace")
        return
    for name, count in imported.counts.items():
        _print(f"{name:26} {count:>10,}")
    for name, count in imported.passed_over.items():
        _print(f"{name!s:26} {count:>10,}  passed over")
    rows = f"{sum(imported.counts.values()):,} rows"
    _print(f"{rows} can be imported. Nothing was written." if told.dry_run else f"Imported {rows} into {place}.")


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line; what it can't mean ends the program."""
    parser = argparse.ArgumentParser(prog="python -m karst_auth", description="Take over the users of an auth service.")
    importing = parser.add_subparsers(dest="command", required=True).add_parser("import", help="import a dump")
    importing.add_argument("dump", type=Path)
    address = next((os.environ[variable] for variable in TO_VARIABLES if os.environ.get(variable)), None)
    # By the environment, since arguments can be read by every user of the machine.
    importing.add_argument("--to", default=address, required=address is None)
    importing.add_argument("--schema", default="public")
    importing.add_argument("--replace", action="store_true")
    importing.add_argument("--dry-run", action="store_true")
    return parser.parse_args(arguments)


def _ended(exit_code: Exit, message: str) -> Exit:
    _print(f"karst auth import: {message}")
    return exit_code


def _print(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201
