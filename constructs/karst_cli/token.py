"""`karst token`: a fresh token of somebody, for scripts and tests where nobody can click.

Only `karst up` gives such tokens, and only to whoever can read its state folder.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Annotated
from urllib.parse import urlencode

import typer

from karst_cli.up import STATE

_TIMEOUT_S = 30
_FAILED = 1


def token(
    email: Annotated[str, typer.Argument(help="E-mail address of the person.")],
    create: Annotated[bool, typer.Option("--create", help="Make the person where there is none.")] = False,
    name: Annotated[str, typer.Option(help="Name of a new person; by default what stands before the @.")] = "",
    state: Annotated[Path, typer.Option(help="State folder of the running platform.", show_default=True)] = STATE
    / "demo",
) -> None:
    """Print a fresh sign-in token of somebody on the platform that runs on this machine.

    Exit status: 0 printed, 1 nothing runs, or the person is unknown or disabled.
    """
    try:
        running = json.loads((state / "running.json").read_text(encoding="utf-8"))
        key = (state / "secrets" / "demo-key").read_text(encoding="utf-8")
        url = str(running["url"])
    except (OSError, ValueError, KeyError) as error:
        typer.echo(f"karst token: nothing runs with the state {state}. Start it: karst up", err=True)
        raise typer.Exit(_FAILED) from error
    sent = urlencode({"email": email, "name": name, **({"create": "y"} if create else {})}).encode()
    headers = {"X-Karst-Demo-Key": key, "Content-Type": "application/x-www-form-urlencoded"}
    request = urllib.request.Request(f"{url}/sticky_auth/demo/token", data=sent, headers=headers)  # noqa: S310
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=_TIMEOUT_S) as answer:
            typer.echo(json.load(answer)["token"])
    except urllib.error.HTTPError as error:
        typer.echo(f"karst token: {_message(error)}", err=True)
        raise typer.Exit(_FAILED) from error
    except OSError as error:
        typer.echo(f"karst token: {url} doesn't answer ({type(error).__name__})", err=True)
        raise typer.Exit(_FAILED) from error


def _message(error: urllib.error.HTTPError) -> str:
    try:
        told = json.load(error)["message"]
    except (ValueError, KeyError, TypeError):
        return f"the platform answered {error.code}"
    return f"{told} Add --create to make them." if error.code == 404 else str(told)
