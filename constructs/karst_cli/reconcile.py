"""`karst reconcile`: makes auth and info match what a deployment declares.

The work is done by a program of the services (`python -m karst_reconcile`), which a deployment runs as a job too; this
says what is declared, where the services are and in whose name, and becomes it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from karst_cli.programs import become_program
from karst_cli.running import running_platform
from karst_cli.up import STATE

_INVALID = 2


def reconcile(
    declared: Annotated[
        Path | None,
        typer.Argument(
            help="Folder of a deployment, or its datasets.json; by default what runs on this machine.",
            show_default=False,
        ),
    ] = None,
    server: Annotated[
        str | None,
        typer.Option(help="Address of the global services; by default the deployment's.", show_default=False),
    ] = None,
    plan: Annotated[bool, typer.Option("--plan", help="Only say what would be done.")] = False,
    prune: Annotated[bool, typer.Option("--prune", help="Take away what is no longer declared.")] = False,
    adopt: Annotated[
        bool, typer.Option("--adopt", help="Take over what people made by hand, where it is declared.")
    ] = False,
    tokens: Annotated[
        Path | None, typer.Option(help="Folder for tokens of service accounts.", show_default=False)
    ] = None,
    authority: Annotated[
        Path | None, typer.Option(help="File with the authority that vouches for the server.", show_default=False)
    ] = None,
    wait_s: Annotated[float, typer.Option("--wait", help="Seconds to wait for services that don't answer.")] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="Report as JSON.")] = False,
    state: Annotated[Path, typer.Option(help="State folder of the platform on this machine.")] = STATE / "demo",
) -> None:
    """Make datasets, groups, permissions, tables, aligned volumes, datastacks and service accounts as declared.

    The token is that of a superadmin, in KARST_RECONCILE_TOKEN.

    Exit status: 0 as declared, 1 something was refused, 2 not possible like this, 3 in conflict with what people made
    by hand, 5 not allowed, 6 a service doesn't answer, 130 stopped. What was done stays; run it again to go on.
    """
    flags = {"KARST_PLAN_ONLY": plan, "KARST_PRUNE": prune, "KARST_ADOPT": adopt, "KARST_JSON": as_json}
    told = {name: str(is_set).lower() for name, is_set in flags.items()} | {"KARST_WAIT_S": str(wait_s)}
    told |= _of_this_machine(state) if server is None and (declared is None or declared.is_file()) else {}
    told["GOOGLE_CLOUD_PROJECT"] = ""  # only the job runs as somebody who may put tokens into its secrets
    text: str | None = None
    if declared is not None and declared.is_dir():
        text, host = _document(declared)
        server = server or f"https://{host}"
        told["KARST_DATASETS"] = "-"
    elif declared is not None:
        told["KARST_DATASETS"] = str(declared)
    if server is not None:
        address = server.rstrip("/")
        told |= {"KARST_AUTH_URL": f"{address}/auth", "KARST_INFO_URL": f"{address}/info"}
    told |= {"KARST_TOKENS": str(tokens)} if tokens is not None else {}
    told |= {"KARST_AUTHORITY": str(authority)} if authority is not None else {}
    become_program("reconcile", [], told, text)


def _of_this_machine(state: Path) -> dict[str, str]:
    """Where the platform runs here, and in whose name it makes what is declared."""
    running = running_platform("reconcile", state)
    known = {
        "KARST_AUTH_URL": f"{running.url}/auth",
        "KARST_INFO_URL": f"{running.url}/info",
        "KARST_DATASETS": str(state / "datasets.json"),
        "KARST_TOKENS": str(state / "tokens"),
    }
    token = os.environ.get("KARST_RECONCILE_TOKEN") or running.secret("reconcile-token")
    return known | {"KARST_RECONCILE_TOKEN": token}


def _document(folder: Path) -> tuple[str, str]:
    """What a deployment declares, and the host of its global services."""
    from karst.config.errors import ConfigError
    from karst.config.loader import load_environment
    from karst.derived.datasets_json import datasets_json

    try:
        environment = load_environment(folder)
    except ConfigError as error:
        typer.echo(f"karst reconcile: {error}", err=True)
        raise typer.Exit(_INVALID) from error
    deployment = environment.deployment
    return datasets_json(deployment, environment.datasets.values()), deployment.global_host or deployment.host
