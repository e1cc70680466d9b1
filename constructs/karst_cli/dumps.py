"""What commands have in common that take over a service's database from a dump."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from karst_cli.programs import become_program

EXITS = """Exit status: 0 done, 2 not possible like this, 6 no answer from the database or no permission, 7 damaged or
contradictory dump, 130 stopped. Whatever isn't 0 wrote nothing."""

Dump = Annotated[Path, typer.Argument(help="Plain-text file of pg_dump, also a compressed one (.gz).")]
Schema = Annotated[str, typer.Option("--schema", help="Schema of the dump's tables.")]
Replace = Annotated[
    bool, typer.Option("--replace", help="The database may hold something, all of which is taken away.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Read and check everything, and write nothing.")]


def import_dump(service: str, dump: Path, schema: str, *, is_replacing: bool, is_dry: bool, to: dict[str, str]) -> None:
    """Become the service's own program, which knows its tables; `to` is the variable with the database's address."""
    flags = {"--replace": is_replacing, "--dry-run": is_dry}
    arguments = ["import", str(dump), "--schema", schema, *(flag for flag, is_set in flags.items() if is_set)]
    become_program(service, arguments, to)
