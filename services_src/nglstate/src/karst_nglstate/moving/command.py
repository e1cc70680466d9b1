"""`python -m karst_nglstate export|import`: what `karst state` starts. The service's settings say which store."""

from __future__ import annotations

import argparse
import asyncio
import errno
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from karst_nglstate.bodies import posted
from karst_nglstate.encodings import BrokenContentError
from karst_nglstate.moving.folder import Counts, read, read_counts, writing
from karst_nglstate.settings import StateSettings
from karst_nglstate.states import States
from karst_nglstate.stores.opening import is_named, open_states, with_store
from karst_platform import SettingsError, load_settings
from karst_platform.cave.errors import CaveError
from karst_platform.exits import CommandError, Exit
from karst_platform.stores.documents import ContentionError, StoreUnavailableError

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_TOLD_EVERY = 1000
_NAMED = 10


def run(arguments: Sequence[str]) -> Exit:
    """Run one command, say on standard error what came of it, and return its exit code."""
    told = parse_arguments(arguments)
    try:
        named = load_settings(StateSettings, os.environ)
    except SettingsError as error:
        return _said(Exit.USAGE, str(error))
    if not (is_named(named) or named.state_folder.exists()):
        return _said(
            Exit.USAGE, "No store is named: set GOOGLE_CLOUD_PROJECT or KARST_POSTGRES_DSN, as the service has it"
        )
    settings, end = with_store(named)
    try:
        asyncio.run(work(told, settings))
    except CommandError as error:
        return _said(error.exit_code, f"karst state {told.command}: {error}")
    except (StoreUnavailableError, ContentionError) as error:
        return _said(Exit.STORE, f"karst state {told.command}: {error}. Run the same command again")
    except OSError as error:
        code = Exit.DISK_FULL if error.errno in _FULL else Exit.USAGE
        return _said(code, f"karst state {told.command}: {error}")
    except KeyboardInterrupt:
        return _said(Exit.INTERRUPTED, "Stopped. Run the same command again.")
    finally:
        end()
    return Exit.OK


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line; what it can't mean ends the program."""
    parser = argparse.ArgumentParser(prog="python -m karst_nglstate", description="Move all states as files.")
    commands = parser.add_subparsers(dest="command", required=True)
    exporting = commands.add_parser("export", help="write all states of a store to a folder")
    exporting.add_argument("folder", type=Path)
    importing = commands.add_parser("import", help="put the states of a folder into a store, with their ids")
    importing.add_argument("folder", type=Path)
    importing.add_argument("--dry-run", action="store_true", help="check the files, and write nothing")
    return parser.parse_args(arguments)


async def work(told: argparse.Namespace, settings: StateSettings) -> None:
    """Do what a command says. Raises CommandError and what stores and disks raise."""
    states = open_states(settings)
    try:
        if told.command == "export":
            await export(states, told.folder)
        else:
            await import_(states, told.folder, is_dry=told.dry_run)
    finally:
        await states.records.close()


async def export(states: States, folder: Path) -> Counts:
    """Write all states to a folder. Raises CommandError where some could not be read; all others are written."""
    counts = Counts()
    with writing(folder, counts) as writer:
        async for record in states.records.everything():
            try:
                text = await states.content(record)
                if text is None:
                    counts.left_out.append(record.id)
                    continue
                writer.write(record, text)
            except (BrokenContentError, UnicodeDecodeError):
                counts.left_out.append(record.id)
                continue
            counts.add(record.column)
            _tell(counts)
    _say(f"{counts.states} states and {counts.properties} properties are in {folder}.")
    if counts.left_out:
        raise CommandError(
            Exit.DIFFERENT, _some(counts.left_out, "have no content, or a damaged one, and are left out")
        )
    return counts


async def import_(states: States, folder: Path, *, is_dry: bool = False) -> Counts:
    """Put the states of a folder into a store. Those that are there stay. Raises CommandError."""
    expected, counts, new, refused = read_counts(folder), Counts(), 0, list[int]()
    for record, text in read(folder):
        counts.add(record.column)
        _tell(counts)
        try:
            content = posted(text)
            new += not is_dry and await states.restore(record, content)
        except CaveError:
            refused.append(record.id)
    if (counts.states, counts.properties) != (expected.states, expected.properties):
        raise CommandError(Exit.DAMAGED, f"{folder} holds {counts.total} of {expected.total} states. Copy it again")
    _say(f"{counts.states} states and {counts.properties} properties were read, {new} of them written.")
    if refused:
        raise CommandError(Exit.DIFFERENT, _some(refused, "are not what stands there already, or can't be kept"))
    return counts


def _some(ids: list[int], what: str) -> str:
    named = ", ".join(map(str, ids[:_NAMED]))
    return f"{len(ids)} {what}: {named}{', ...' if len(ids) > _NAMED else ''}"


def _tell(counts: Counts) -> None:
    if counts.total % _TOLD_EVERY == 0:
        _say(f"{counts.total} ...")


def _say(message: str) -> None:
    sys.stderr.write(message + "\n")


def _said(code: Exit, message: str) -> Exit:
    _say(message)
    return code
