"""`karst up`: rehearses a deployment on this machine, without a cloud.

All services run in one program of theirs (`services_src/local`). It knows nothing of YAML files: it gets, on its
standard input, one document with what follows from them.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from karst.config.loader import Environment

RUNNER = "karst_local"
DEMO = Path("environments/demo")
STATE = Path(".karst")
INVALID = 2
_STANDARD_INPUT = 0
_NOBODY = "demo@example.org"


def up(
    path: Annotated[Path, typer.Argument(help="Folder of the deployment to rehearse.")] = DEMO,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of HTTP; 0 takes a free one.")] = 8080,
    https_port: Annotated[int, typer.Option(min=0, max=65535, help="Port of HTTPS; 0 takes a free one.")] = 8443,
    dsn: Annotated[
        str | None,
        typer.Option(help="Address of a PostgreSQL to use instead of one of its own.", envvar="KARST_POSTGRES_DSN"),
    ] = None,
    state: Annotated[
        Path | None,
        typer.Option(help="Folder that keeps everything; by default .karst/DEPLOYMENT.", show_default=False),
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Empty that folder first: all data is lost.")] = False,
    host: Annotated[
        str, typer.Option(help="Address to listen at. Where other machines can connect, there is no demo login.")
    ] = "127.0.0.1",
) -> None:
    """Run the whole platform on this machine.

    Exit status: 0 stopped, 2 not valid, 3 state in use, 4 port in use, 5 disk full, 6 no PostgreSQL,
    7 state of a newer Karst or of another deployment, 130 stopped before open requests were finished.
    """
    from karst.config.errors import ConfigError
    from karst.config.loader import load_environment

    try:
        environment = load_environment(path)
    except ConfigError as error:
        typer.echo(f"karst up: {error}", err=True)
        raise typer.Exit(INVALID) from error
    if find_spec(RUNNER) is None:
        typer.echo("karst up: the services are not installed. Install them: make setup", err=True)
        raise typer.Exit(INVALID)
    folder = state or STATE / environment.name
    arguments = ["--state", str(folder), "--host", host, "--port", str(port), "--https-port", str(https_port)]
    _become_runner([*arguments, *(["--fresh"] if fresh else [])], document(environment), dsn)


def document(environment: Environment) -> str:
    """What the runner gets to know of a deployment."""
    from karst.derived.datasets_json import datasets_json

    deployment = environment.deployment
    admin = deployment.auth.admins[0] if deployment.auth.admins else None
    owner = deployment.clio.owner or (admin.email if admin else _NOBODY)
    return json.dumps(
        {
            "version": 1,
            "name": deployment.name,
            "title": f"Karst: {deployment.name}",
            "owner": owner,
            "owner_name": admin.name if admin and admin.email == owner else owner.partition("@")[0],
            "document": json.loads(datasets_json(deployment, environment.datasets.values())),
        }
    )


def _become_runner(arguments: list[str], text: str, dsn: str | None) -> None:
    """Replace this process, so that Ctrl-C, signals and the exit code are the runner's own."""
    with tempfile.TemporaryFile() as file:
        file.write(text.encode())
        file.flush()
        file.seek(0)
        os.dup2(file.fileno(), _STANDARD_INPUT)
    # The address may hold a password, and arguments can be read by every user of the machine.
    environment = {name: value for name, value in os.environ.items() if name != "KARST_POSTGRES_DSN"}
    if dsn:
        environment["KARST_POSTGRES_DSN"] = dsn
    sys.stdout.flush()
    os.execve(sys.executable, [sys.executable, "-m", RUNNER, *arguments], environment)  # noqa: S606 - no shell needed
