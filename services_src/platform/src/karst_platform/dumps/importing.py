"""`python -m karst_<service> import DUMP --to DSN`: what all commands do that take a database over from a dump."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
from sqlalchemy.exc import DBAPIError

from karst_platform.cave.errors import CaveError
from karst_platform.dumps.rows import DumpError, Table
from karst_platform.exits import CommandError, Exit
from karst_platform.relational_address import place_of
from karst_platform.relational_migrations import Migrations
from karst_platform.stores.documents import ContentionError, StoreUnavailableError, UnstorableError


@dataclass(frozen=True, kw_only=True)
class Import:
    """What to import, where to, and how."""

    dump: Path
    to: str
    """Address of the database."""
    schema: str = "public"
    """That of the dump's tables."""
    is_replacing: bool = False
    """Whether what the database holds is taken away first."""
    is_dry: bool = False
    """Whether everything is read and checked, and nothing written."""

    @property
    def place(self) -> str:
        """The database, without a password. Raises ValueError where the address is none."""
        return place_of(self.to)


@dataclass(frozen=True, kw_only=True)
class Importing:
    """What is a service's own of its command."""

    service: str
    about: str
    migrations: Migrations
    work: Callable[[Import], Awaitable[Sequence[str]]]
    """Does it, all or nothing, in a database that is migrated, and returns what to say of it.

    Raises CommandError, DumpError, and what files and databases raise.
    """


def run_import(arguments: Sequence[str], importing: Importing) -> Exit:
    """Run the command, say on standard error what came of it, and return its exit code."""
    order = read_order(arguments, importing)
    try:
        for line in asyncio.run(_done(order, importing)):
            _say(line)
    except CommandError as error:
        code, message = error.exit_code, str(error)
    except (DumpError, UnstorableError, CaveError) as error:
        told = error.message if isinstance(error, CaveError) else str(error)
        code, message = Exit.DAMAGED, f"{order.dump}: {told.rstrip('.')}. Nothing was written"
    except (StoreUnavailableError, ContentionError) as error:
        code, message = Exit.STORE, f"the database doesn't answer: {error}. Nothing was written"
    except (DBAPIError, psycopg.Error) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        code, message = Exit.STORE, f"the database refuses: {type(cause).__name__}. Nothing was written"
    except (OSError, ValueError) as error:
        code, message = Exit.USAGE, str(error)
    except KeyboardInterrupt:
        code, message = Exit.INTERRUPTED, "stopped; nothing was written"
    else:
        return Exit.OK
    _say(f"karst {importing.service} import: {message}")
    return code


def read_order(arguments: Sequence[str], importing: Importing) -> Import:
    """Read the command line; what it can't mean ends the program."""
    parser = argparse.ArgumentParser(prog=f"python -m karst_{importing.service}", description=importing.about)
    command = parser.add_subparsers(dest="command", required=True).add_parser("import", help="import a dump")
    command.add_argument("dump", type=Path)
    # By the environment, since arguments can be read by every user of the machine. The second is the service's own.
    variables = f"KARST_{importing.service.upper()}_TO", "KARST_POSTGRES_DSN"
    address = next((os.environ[variable] for variable in variables if os.environ.get(variable)), None)
    command.add_argument("--to", default=address, required=address is None)
    command.add_argument("--schema", default="public")
    command.add_argument("--replace", action="store_true")
    command.add_argument("--dry-run", action="store_true")
    told = parser.parse_args(arguments)
    return Import(dump=told.dump, to=told.to, schema=told.schema, is_replacing=told.replace, is_dry=told.dry_run)


def counted(counts: Mapping[str, int], passed_over: Mapping[Table, int]) -> Iterator[str]:
    """Lines with the numbers of rows, by table."""
    for name, count in counts.items():
        yield f"{name:26} {count:>10,}"
    for table, count in passed_over.items():
        yield f"{table!s:26} {count:>10,}  passed over"


def ended(counts: Mapping[str, int], order: Import) -> str:
    """The last line."""
    rows = f"{sum(counts.values()):,} rows"
    return f"{rows} can be imported. Nothing was written." if order.is_dry else f"Imported {rows} into {order.place}."


async def _done(order: Import, importing: Importing) -> Sequence[str]:
    _ = order.place
    if not order.dump.exists():
        raise CommandError(Exit.USAGE, f"{order.dump} is not there")
    if not order.is_dry:
        await asyncio.to_thread(importing.migrations.run, order.to)
    return await importing.work(order)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201
