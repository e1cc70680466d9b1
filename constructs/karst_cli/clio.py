"""`karst clio`: moves a connectomics store between Firestore and PostgreSQL as files.

The work is done by the service's own program (`python -m karst_clio`), which knows its stores; this becomes it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from karst_cli.programs import become_program

_FROM, _TO = "KARST_CLIO_FROM", "KARST_CLIO_TO"
_EXITS = """Exit status: 0 done, 2 not possible like this, 3 in use, 4 counts or documents differ, 5 disk full,
6 no answer from the store or no permission, 7 damaged or newer files, 130 stopped. What was stopped goes on when the
same command runs again."""
_ADDRESS = "firestore://PROJECT/DATABASE or postgresql://USER@HOST/DATABASE"

clio = typer.Typer(
    help="Export, import or migrate a connectomics store.", no_args_is_help=True, pretty_exceptions_enable=False
)


@clio.command("export", epilog=_EXITS)
def export(
    folder: Annotated[Path, typer.Argument(help="Folder to write to: a new one, or that of a stopped export.")],
    source: Annotated[str, typer.Option("--from", envvar=_FROM, help=f"The store: {_ADDRESS}.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count the documents only.")] = False,
    documents_a_file: Annotated[int, typer.Option(min=1, help="How many documents a file holds at the most.")] = 10_000,
) -> None:
    """Write all documents of a store to a folder. Stop the services that write to it first."""
    options = ["--documents-a-file", str(documents_a_file), *(["--dry-run"] if dry_run else [])]
    become_program("clio", ["export", str(folder), *options], {_FROM: source})


@clio.command("import", epilog=_EXITS)
def import_(
    folder: Annotated[Path, typer.Argument(help="Folder of a whole export.")],
    target: Annotated[str, typer.Option("--to", envvar=_TO, help=f"The store: {_ADDRESS}.")],
    add: Annotated[bool, typer.Option("--add", help="The store may hold other documents already.")] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="So it may, and those that differ are overwritten.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check the files and say what would be written.")] = False,
) -> None:
    """Put the documents of a folder into an empty store, and compare them afterwards."""
    flags = {"--add": add, "--replace": replace, "--dry-run": dry_run}
    become_program("clio", ["import", str(folder), *(flag for flag, is_set in flags.items() if is_set)], {_TO: target})


@clio.command("migrate", epilog=_EXITS)
def migrate(
    target: Annotated[str, typer.Option("--to", envvar=_TO, help="The store: postgresql://USER@HOST/DATABASE.")],
    schema: Annotated[int | None, typer.Option(min=0, help="Number of the schema; by default the newest.")] = None,
    delete_documents: Annotated[bool, typer.Option("--delete-documents", help="Needed for 0, no schema.")] = False,
) -> None:
    """Bring the schema of a store in PostgreSQL up, or down."""
    options = [*(["--schema", str(schema)] if schema is not None else [])]
    become_program("clio", ["migrate", *options, *(["--delete-documents"] if delete_documents else [])], {_TO: target})
