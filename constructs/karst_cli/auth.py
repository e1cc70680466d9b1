"""`karst auth`: takes over the users of an existing auth service.

The work is done by the service's own program (`python -m karst_auth`), which knows its tables; this becomes it.
"""

from __future__ import annotations

from typing import Annotated

import typer

from karst_cli.dumps import EXITS, DryRun, Dump, Replace, Schema, import_dump

_TO = "KARST_AUTH_TO"

auth = typer.Typer(help="Take over an existing auth service.", no_args_is_help=True, pretty_exceptions_enable=False)


@auth.callback()
def _keep_commands_named() -> None:
    """Take over an existing auth service."""


@auth.command("import", epilog=EXITS)
def import_(
    dump: Dump,
    target: Annotated[
        str, typer.Option("--to", envvar=_TO, help="The database: postgresql://USER@HOST/authentication.")
    ],
    schema: Schema = "public",
    replace: Replace = False,
    dry_run: DryRun = False,
) -> None:
    """Put users, groups, grants, keys and all else into an empty database, with the ids that they have.

    Of keys only hashes are kept; they go on working. Stop the services that write to the database first.
    """
    import_dump("auth", dump, schema, is_replacing=replace, is_dry=dry_run, to={_TO: target})
