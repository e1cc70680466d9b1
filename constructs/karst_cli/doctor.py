"""`karst doctor`: says what is amiss on this machine and in a deployment's project, and what to do about it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from karst_cli.toolkit import ProgramMissingError, find_node, find_terraform

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from karst.config.loader import Environment
    from karst.doctor.finding import Finding
    from karst.doctor.tools import Programs

_TIMEOUT_S = 30
UNUSABLE_INPUT = 2
INTERRUPTED = 130
_SIGNS = {"ok": "  ", "warning": "! ", "error": "X ", "unchecked": "? "}


def doctor(
    deployment: Annotated[
        str | None, typer.Argument(help="The deployment to look at; without one only this machine is.")
    ] = None,
    environments: Annotated[Path, typer.Option(help="Folder of the deployments.")] = Path("environments"),
    *,
    as_json: Annotated[bool, typer.Option("--json", help="JSON for programs.")] = False,
) -> None:
    """Look at tools, configuration, APIs, permissions, states, quotas, delegation, certificates and the OAuth client.

    Changes nothing. What can't be looked at is told, with the reason.
    Exit status: 0 nothing wrong, perhaps warnings; 1 something is wrong; 2 the input cannot be used; 3 nothing wrong,
    but something could not be looked at.
    """
    from karst.doctor.examine import status
    from karst.doctor.tools import tools

    try:
        findings = [*tools(_programs(), _run), *_of_deployments(environments, deployment)]
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
    typer.echo(json.dumps([one.as_dict() for one in findings], indent=2) if as_json else _text(findings, deployment))
    raise typer.Exit(status(findings))


def _of_deployments(folder: Path, name: str | None) -> list[Finding]:
    """What is amiss in the configuration; then, where one was named, in the cloud."""
    from karst.config.errors import ConfigError, did_you_mean, show
    from karst.config.loader import load_environments
    from karst.config.rules import check_environments
    from karst.doctor.finding import error, ok

    if name is None and not folder.is_dir():
        return []
    try:
        environments = load_environments(folder)
        if name is not None and name not in environments:
            remedy = did_you_mean(name, environments, "Deployments")
            typer.echo(f"There is no deployment {show(name)} in {folder}. {remedy}", err=True)
            raise typer.Exit(UNUSABLE_INPUT)
        check_environments(environments)
    except ConfigError as broken:
        if name is not None:
            typer.echo(str(broken), err=True)
            raise typer.Exit(UNUSABLE_INPUT) from None
        return [error("configuration", "It is not valid.", "karst validate")]
    count = len(environments)
    found = ok("configuration", "1 deployment is valid" if count == 1 else f"{count} deployments are valid")
    if name is None:
        return [found]
    return [found, *_to_fill_in(folder / name), *_in_the_cloud(environments[name], environments)]


def _to_fill_in(folder: Path) -> list[Finding]:
    from karst.doctor.finding import error
    from karst.drafts.placeholders import left_in

    places = left_in(folder)
    if not places:
        return []
    remedy = "README.md beside it says of each what to write, under Left to you."
    return [error("configuration", f"Values that nobody knew are still to be filled in: {', '.join(places)}.", remedy)]


def _in_the_cloud(of: Environment, environments: Mapping[str, Environment]) -> list[Finding]:
    from karst.doctor.examine import examine, nothing_seen
    from karst.doctor.finding import unchecked
    from karst.google.credentials import connect
    from karst.google.errors import SIGN_IN, SignInError

    try:
        api = connect(of.deployment.gcp.project, os.environ)
    except SignInError:
        why = "Nobody is signed in on this machine."
        return [unchecked("sign-in", why, SIGN_IN), *nothing_seen("Nobody is signed in.")]
    return examine(api, of, environments)


def _programs() -> Programs:
    from karst.doctor.tools import Programs

    def found(find: Callable[[], str]) -> str | None:
        try:
            return find()
        except ProgramMissingError:
            return None

    return Programs(
        terraform=found(lambda: find_terraform(os.environ)),
        gcloud=shutil.which("gcloud"),
        node=found(lambda: str(find_node())),
    )


def _run(command: Sequence[str]) -> str:
    try:
        finished = subprocess.run(
            list(command), capture_output=True, text=True, errors="replace", timeout=_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return finished.stdout if finished.returncode == 0 else ""


def _text(findings: list[Finding], deployment: str | None) -> str:
    lines: list[str] = []
    for one in findings:
        lines.append(f"{_SIGNS[one.severity]}{one.check}: {one.message}")
        lines += [f"      {line}" for line in one.remedy.splitlines()]
    lines.append(", ".join(_counted(findings, kind) for kind in ("error", "warning", "unchecked")))
    if deployment is None:
        lines.append("No deployment was named, so nothing in the cloud was looked at: karst doctor NAME")
    return "\n".join(lines)


def _counted(findings: list[Finding], kind: str) -> str:
    count = sum(one.severity == kind for one in findings)
    return f"{count} {kind}{'' if count == 1 or kind == 'unchecked' else 's'}"
