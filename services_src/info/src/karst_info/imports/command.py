"""`python -m karst_info import`: what `karst info import` starts."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from enum import IntEnum
from pathlib import Path

import psycopg
from sqlalchemy.exc import DBAPIError

from karst_info.imports.importing import Import, Imported, RefusedImportError, import_dump
from karst_info.migrations import MIGRATIONS
from karst_platform.dumps import DumpError
from karst_platform.relational import Relational, place_of
from karst_platform.stores.documents import ContentionError, StoreUnavailableError, UnstorableError

TO_VARIABLES = ("KARST_INFO_TO", "KARST_POSTGRES_DSN")
"""The second is what the service itself reads."""
_MOST_ADVICE = 50


class Exit(IntEnum):
    """How a command ended. The numbers are those of `karst auth` and `karst clio`."""

    OK = 0
    USAGE = 2
    """Options, an address or a file that mean nothing, or a database that holds something."""
    STORE = 6
    """The database can't be reached, or refuses."""
    DAMAGED = 7
    """The file is damaged, or contradicts itself."""
    INTERRUPTED = 130


def run(arguments: Sequence[str]) -> Exit:
    """Run the command, say on standard error what came of it, and return its exit code."""
    told = parse_arguments(arguments)
    try:
        say(asyncio.run(work(told)), told)
    except (DumpError, UnstorableError) as error:
        return _ended(Exit.DAMAGED, f"{told.dump}: {error}. Nothing was written")
    except (StoreUnavailableError, ContentionError) as error:
        return _ended(Exit.STORE, f"the database doesn't answer: {error}. Nothing was written")
    except (DBAPIError, psycopg.Error) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        return _ended(Exit.STORE, f"the database refuses: {type(cause).__name__}. Nothing was written")
    except (RefusedImportError, OSError, ValueError) as error:
        return _ended(Exit.USAGE, str(error))
    except KeyboardInterrupt:
        return _ended(Exit.INTERRUPTED, "stopped; nothing was written")
    return Exit.OK


async def work(told: argparse.Namespace) -> Imported:
    """Do what the command says. Raises RefusedImportError, DumpError, and what files and databases raise."""
    order = Import(dump=told.dump, schema=told.schema, is_replacing=told.replace, is_dry=told.dry_run)
    place_of(told.to)
    if not order.dump.exists():
        raise RefusedImportError(f"{order.dump} is not there")
    if not order.is_dry:
        await asyncio.to_thread(MIGRATIONS.run, told.to)
    database = Relational(told.to, statement_timeout_s=600)
    try:
        return await import_dump(database, order)
    finally:
        await database.close()


def say(imported: Imported, told: argparse.Namespace) -> None:
    """Print how many rows of what, and what to look at."""
    place = place_of(told.to)
    for name, count in imported.counts.items():
        _print(f"{name:26} {count:>10,}")
    for name, count in imported.passed_over.items():
        _print(f"{name!s:26} {count:>10,}  passed over")
    for each in imported.advice[:_MOST_ADVICE]:
        _print(f"to look at: {each}")
    if len(imported.advice) > _MOST_ADVICE:
        _print(f"and {len(imported.advice) - _MOST_ADVICE} more; the pages of administration list all")
    rows = f"{sum(imported.counts.values()):,} rows"
    if told.dry_run:
        _print(f"{rows} can be imported. Nothing was written.")
    elif imported.is_there:
        _print(f"{place} holds exactly these {rows}; nothing was done.")
    else:
        _print(f"Imported {rows} into {place}.")


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line; what it can't mean ends the program."""
    parser = argparse.ArgumentParser(prog="python -m karst_info", description="Take over the data of an info service.")
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
    _print(f"karst info import: {message}")
    return exit_code


def _print(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201
