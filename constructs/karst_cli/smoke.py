"""`karst smoke`: one sign-in, and one look-up, one write and one read of each service."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from karst_cli.running import running_platform
from karst_cli.up import STATE

_FAILED, _USAGE = 1, 2
_TOKEN, _CLIO_TOKEN = "KARST_TOKEN", "KARST_CLIO_TOKEN"
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


def smoke(
    url: Annotated[
        str | None,
        typer.Argument(help="Address of the deployment; by default what runs on this machine.", show_default=False),
    ] = None,
    require: Annotated[
        list[str] | None, typer.Option(help="Service that must be there; may be given again.", show_default=False)
    ] = None,
    authority: Annotated[
        Path | None, typer.Option(help="File with the authority that vouches for the address.", show_default=False)
    ] = None,
    timeout_s: Annotated[float, typer.Option("--timeout", min=1, help="Seconds for everything together.")] = 120,
    as_json: Annotated[bool, typer.Option("--json", help="Report as JSON.")] = False,
    state: Annotated[Path, typer.Option(help="State folder of the platform on this machine.")] = STATE / "demo",
) -> None:
    """Sign in, then look up, write and read at each service of a running deployment, and clean up.

    The token is in KARST_TOKEN, that of clio in KARST_CLIO_TOKEN; for what runs on this machine they are found.
    Writing at info needs a superadmin.

    Exit status: 0 everything passed, 1 something failed or a required service is absent, 2 not possible like this.
    """
    from karst.smoke.calls import Calls, SmokeError
    from karst.smoke.report import as_json as told_as_json
    from karst.smoke.report import line, summary
    from karst.smoke.run import Outcome, Run
    from karst.smoke.run import smoke as run_smoke
    from karst.smoke.services import SERVICES

    url = url or running_platform("smoke", state).url
    required = _required(require or [], [name for name, _ in SERVICES])
    is_here = _host(url) in _LOCAL
    bundle = state / "authority" / "ca-bundle.pem"
    if authority is None and is_here and bundle.exists():
        authority = bundle
    token = _token(_TOKEN, state / "secrets" / "cave-token", is_here=is_here)
    if token is None:
        typer.echo(f"karst smoke: there is no token. Give one in {_TOKEN}", err=True)
        raise typer.Exit(_USAGE)
    try:
        calls = Calls(url, authority=str(authority) if authority else None, until_s=time.monotonic() + timeout_s)
    except SmokeError as error:
        typer.echo(f"karst smoke: {error}. {error.remedy}", err=True)
        raise typer.Exit(_USAGE) from error
    run = Run(
        calls=calls, token=token, clio_token=_token(_CLIO_TOKEN, state / "secrets" / "demo-token", is_here=is_here)
    )
    if not as_json:
        run.told = lambda result: typer.echo(line(result))
    is_good = run_smoke(run, SERVICES, required)
    absent = {each.service for each in run.results if each.outcome is Outcome.ABSENT}
    if as_json:
        typer.echo(told_as_json(url, run.results, is_good=is_good))
    else:
        for each in summary(run.results, is_good=is_good, missing=sorted(absent & set(required))):
            typer.echo(each)
    raise typer.Exit(0 if is_good else _FAILED)


def _required(names: list[str], known: list[str]) -> list[str]:
    for name in names:
        if name not in known:
            typer.echo(f"karst smoke: there is no service {name!r} to require. Known: {', '.join(known)}", err=True)
            raise typer.Exit(_USAGE)
    return names


def _host(url: str) -> str:
    try:
        parts = urlsplit(url)
        host = parts.hostname if parts.scheme in ("http", "https") and parts.username is None else None
    except ValueError:
        host = None
    if host is None:
        typer.echo(f"karst smoke: {url!r} is no address. Write https://HOST", err=True)
        raise typer.Exit(_USAGE)
    return host


def _token(variable: str, path: Path, *, is_here: bool) -> str | None:
    told = os.environ.get(variable, "").strip()
    if told and (not told.isascii() or not told.isprintable()):
        typer.echo(f"karst smoke: {variable} is no token", err=True)
        raise typer.Exit(_USAGE)
    if told or not is_here:
        return told or None
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError:
        return None
