"""`python -m karst_clio export|import|migrate`: what `karst clio` starts."""

from __future__ import annotations

import argparse
import asyncio
import errno
import os
from collections.abc import Sequence
from pathlib import Path

from karst_clio.exports.addresses import Address, FirestoreAddress, PostgresAddress, parse_address
from karst_clio.exports.exporting import DOCUMENTS_A_FILE, Export, export
from karst_clio.exports.firestore_store import FirestoreStore
from karst_clio.exports.importing import Import, import_
from karst_clio.exports.postgres_store import PostgresStore
from karst_clio.exports.progress import Screen
from karst_clio.exports.schema import Migration, migrate_schema
from karst_clio.exports.store import WholeStore
from karst_platform.exits import CommandError, Exit
from karst_platform.stores.documents import ContentionError, StoreUnavailableError

FROM_VARIABLE, TO_VARIABLE = "KARST_CLIO_FROM", "KARST_CLIO_TO"
DSN_VARIABLE = "KARST_POSTGRES_DSN"
"""What the service itself reads."""
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


def run(arguments: Sequence[str]) -> Exit:
    """Run one command, say on standard error what came of it, and return its exit code."""
    screen = Screen()
    told = parse_arguments(arguments)
    try:
        asyncio.run(work(told, screen))
    except CommandError as error:
        screen.say(f"karst clio {told.command}: {error}")
        return error.exit_code
    except (StoreUnavailableError, ContentionError) as error:
        screen.say(f"karst clio {told.command}: {error}. Run the same command again; it goes on where it stopped")
        return Exit.STORE
    except OSError as error:
        if error.errno in _FULL:
            screen.say(
                f"karst clio {told.command}: the disk that holds {told.folder} is full. Make room, and run it again"
            )
            return Exit.DISK_FULL
        screen.say(f"karst clio {told.command}: {error}")
        return Exit.USAGE
    except KeyboardInterrupt:
        screen.say("Stopped. The same command goes on where it stopped.")
        return Exit.INTERRUPTED
    return Exit.OK


async def work(told: argparse.Namespace, screen: Screen) -> None:
    """Do what a command says. Raises CommandError and what stores and disks raise."""
    address = parse_address(told.address)
    if told.command == "migrate":
        await migrate_schema(Migration(address=address, to=told.schema, may_delete=told.delete_documents), screen)
        return
    store = open_store(address)
    try:
        await store.open(is_writing=told.command == "import" and not told.dry_run)
        if told.command == "export":
            order = Export(
                source=str(address), folder=told.folder, documents_a_file=told.documents_a_file, is_dry=told.dry_run
            )
            await export(order, store, screen)
        else:
            how = Import(
                target=str(address),
                folder=told.folder,
                is_adding=told.add,
                is_replacing=told.replace,
                is_dry=told.dry_run,
            )
            await import_(how, store, screen)
    finally:
        await store.close()


def open_store(address: Address) -> WholeStore:
    """The store of an address; nothing is connected yet. `FIRESTORE_EMULATOR_HOST` leads to an emulator."""
    match address:
        case FirestoreAddress():
            return FirestoreStore(address, emulator_host=os.environ.get("FIRESTORE_EMULATOR_HOST") or None)
        case PostgresAddress():
            return PostgresStore(address)


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line; what it can't mean ends the program."""
    parser = argparse.ArgumentParser(prog="python -m karst_clio", description="Move a store as files.")
    commands = parser.add_subparsers(dest="command", required=True)
    exporting = commands.add_parser("export", help="write all documents of a store to a folder")
    exporting.add_argument("folder", type=Path)
    _add_address(exporting, "--from", FROM_VARIABLE)
    exporting.add_argument("--documents-a-file", type=_positive, default=DOCUMENTS_A_FILE)
    exporting.add_argument("--dry-run", action="store_true", help="count only")
    importing = commands.add_parser("import", help="put the documents of a folder into a store")
    importing.add_argument("folder", type=Path)
    _add_address(importing, "--to", TO_VARIABLE)
    importing.add_argument("--add", action="store_true", help="the target may hold other documents")
    importing.add_argument("--replace", action="store_true", help="overwrite documents that differ")
    importing.add_argument("--dry-run", action="store_true", help="say what would be written")
    migrating = commands.add_parser("migrate", help="bring the schema of a PostgreSQL up, or down")
    _add_address(migrating, "--to", TO_VARIABLE, DSN_VARIABLE)
    migrating.add_argument("--schema", type=int, default=None, help="the newest, if none is named")
    migrating.add_argument("--delete-documents", action="store_true", help="needed for schema 0, which holds none")
    return parser.parse_args(arguments)


def _add_address(parser: argparse.ArgumentParser, option: str, *variables: str) -> None:
    # By the environment, since arguments can be read by every user of the machine.
    told = next((os.environ[variable] for variable in variables if os.environ.get(variable)), None)
    help_text = f"or {' or '.join(variables)} in the environment"
    parser.add_argument(option, dest="address", default=told, required=told is None, help=help_text)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("write 1 or more")
    return number
