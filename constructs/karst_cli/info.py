"""`karst info`: takes over the aligned volumes and datastacks of an existing info service.

The work is done by the service's own program (`python -m karst_info`), which knows its tables; this becomes it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from karst_cli.programs import become_program

_TO = "KARST_INFO_TO"
_EXITS = """Exit status: 0 done, 2 not possible like this, 6 no answer from the database or no permission, 7 damaged or
contradictory dump, 130 stopped. Whatever isn't 0 wrote nothing."""

info = typer.Typer(help="Take over an existing info service.", no_args_is_help=True, pretty_exceptions_enable=False)


@info.callback()
def _keep_commands_named() -> None:
    """Take over an existing info service."""


@info.command("import", epilog=_EXITS)
def import_(
    dump: Annotated[Path, typer.Argument(help="Plain-text file of pg_dump, also a compressed one (.gz).")],
    target: Annotated[str, typer.Option("--to", envvar=_TO, help="The database: postgresql://USER@HOST/infoservice.")],
    schema: Annotated[str, typer.Option("--schema", help="Schema of the dump's tables.")] = "public",
    replace: Annotated[
        bool, typer.Option("--replace", help="The database may hold something, all of which is taken away.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and check everything, and write nothing.")] = False,
) -> None:
    """Put aligned volumes, image mirrors and datastacks into an empty database, with the ids that they have.

    Sources that clients may not read are taken as they are, and listed. An existing database can be used as it stands
    instead: the service adds what it needs.
    """
    flags = {"--replace": replace, "--dry-run": dry_run}
    arguments = ["import", str(dump), "--schema", schema, *(flag for flag, is_set in flags.items() if is_set)]
    become_program("info", arguments, {_TO: target})
