"""`karst info`: takes over the aligned volumes and datastacks of an existing info service.

The work is done by the service's own program (`python -m karst_info`), which knows its tables; this becomes it.
"""

from __future__ import annotations

from typing import Annotated

import typer

from karst_cli.dumps import EXITS, DryRun, Dump, Replace, Schema, import_dump

_TO = "KARST_INFO_TO"

info = typer.Typer(help="Take over an existing info service.", no_args_is_help=True, pretty_exceptions_enable=False)


@info.callback()
def _keep_commands_named() -> None:
    """Take over an existing info service."""


@info.command("import", epilog=EXITS)
def import_(
    dump: Dump,
    target: Annotated[str, typer.Option("--to", envvar=_TO, help="The database: postgresql://USER@HOST/infoservice.")],
    schema: Schema = "public",
    replace: Replace = False,
    dry_run: DryRun = False,
) -> None:
    """Put aligned volumes, image mirrors and datastacks into an empty database, with the ids that they have.

    Sources that clients may not read are taken as they are, and listed. An existing database can be used as it stands
    instead: the service adds what it needs.
    """
    import_dump("info", dump, schema, is_replacing=replace, is_dry=dry_run, to={_TO: target})
