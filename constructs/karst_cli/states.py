"""`karst state`: moves all states of viewers from one store to another as files, with their ids.

The work is done by the service's own program (`python -m karst_nglstate`), which knows its stores; this becomes it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from karst_cli.programs import become_program

_EXITS = """The service's settings say which store: KARST_POSTGRES_DSN and KARST_BUCKETS, or GOOGLE_CLOUD_PROJECT,
KARST_DATASTORE_DATABASE, JSON_DB_TABLE_NAME and NGLSTATE_BUCKET_PATH. Exit status: 0 done, 2 not possible like this,
4 some are left out or differ, 5 disk full, 6 no answer from the store, 7 damaged or newer files, 130 stopped. What was
stopped goes on when the same command runs again."""

state = typer.Typer(help="Export or import states of viewers.", no_args_is_help=True, pretty_exceptions_enable=False)


@state.command("export", epilog=_EXITS)
def export(
    folder: Annotated[Path, typer.Argument(help="Folder to write to.")],
) -> None:
    """Write all states and properties of a store to a folder, with their ids, owners and dates."""
    become_program("nglstate", ["export", str(folder)], {})


@state.command("import", epilog=_EXITS)
def import_(
    folder: Annotated[Path, typer.Argument(help="Folder of a whole export.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check the files, and write nothing.")] = False,
) -> None:
    """Put the states of a folder into a store; what is there already stays as it is."""
    become_program("nglstate", ["import", str(folder), *(["--dry-run"] if dry_run else [])], {})
