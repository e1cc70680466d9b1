"""`karst bootstrap`: makes what must stand before the first deployment, and leads through what only people can do."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from karst.bootstrap.by_hand import HandStep
    from karst.bootstrap.run import Planned
    from karst.bootstrap.step import Step
    from karst.config.deployment import Deployment
    from karst.google.client import GoogleApi

FAILED = 1
UNUSABLE_INPUT = 2
IN_THE_WAY = 3
STILL_OPEN = 4
INTERRUPTED = 130
POLL_S = 15.0


def bootstrap(
    deployment: Annotated[str, typer.Argument(help="The deployment, by the name of its folder.")],
    environments: Annotated[Path, typer.Option(help="Folder of the deployments.")] = Path("environments"),
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask before anything is made.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be made, and make nothing.")] = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="Look at the steps by hand again and again until they are done.")
    ] = False,
    timeout_s: Annotated[
        int, typer.Option("--timeout-s", min=1, max=86_400, help="How long --wait waits, in seconds.")
    ] = 1800,
) -> None:
    """Make the bucket of states, the first APIs and the identities of workflows; then say what is left for people.

    Shows what is there and what will be made, and asks. Running it again does what is left, and nothing twice.
    Exit status: 0 it stands, 1 stopped half-way or not confirmed, 2 the input cannot be used, 3 something is in the
    way and nothing was made, 4 steps by hand were still open when --wait gave up, 130 interrupted.
    """
    from karst.config.errors import ConfigError
    from karst.config.loader import load_environments
    from karst.drafts.placeholders import left_in
    from karst.google.credentials import connect
    from karst.google.errors import GoogleError

    try:
        found = load_environments(environments, [deployment])[deployment].deployment
    except ConfigError as error:
        _fail(str(error), UNUSABLE_INPUT)
    if places := left_in(environments / deployment):
        _fail(f"Fill in first what nobody knew when it was imported: {', '.join(places)}.", UNUSABLE_INPUT)
    try:
        session = _Session(connect(found.gcp.project, os.environ), found, timeout_s if wait else None)
        session.make(is_confirmed=yes, is_dry=dry_run)
        if not dry_run:
            session.lead()
    except GoogleError as error:
        _fail(str(error), FAILED)
    except KeyboardInterrupt:
        _fail("\nInterrupted. What was made stays; the same command goes on from there.", INTERRUPTED)


class _Session:
    """One run of the command."""

    def __init__(self, api: GoogleApi, deployment: Deployment, wait_s: int | None) -> None:
        from karst.bootstrap.steps import steps_of

        self._api, self._deployment = api, deployment
        self._steps: Sequence[Step] = steps_of(api, deployment)
        self._until = None if wait_s is None else time.monotonic() + wait_s

    def make(self, *, is_confirmed: bool, is_dry: bool) -> None:
        """Plan, ask, make."""
        from karst.bootstrap import report
        from karst.bootstrap.run import StoppedError, apply
        from karst.bootstrap.step import Standing

        planned = self._planned()
        if any(one.look.standing is Standing.BLOCKED for one in planned):
            _fail("Nothing was made: see what is in the way (!).", IN_THE_WAY)
        due = [one for one in planned if one.look.standing is not Standing.READY]
        if not due:
            typer.echo("Nothing to do.")
        elif is_dry:
            typer.echo("Nothing was made: --dry-run.")
        elif not (is_confirmed or typer.confirm("Make this?")):
            _fail("Nothing was made.", FAILED)
        else:
            made: list[str] = []
            try:
                apply(self._steps, lambda step: _tell(step, made), time.sleep)
            except StoppedError as error:
                _fail(report.stopped_text(error, made, self._deployment.name), FAILED)

    def lead(self) -> None:
        """Say what is left for people, and wait for it where that was asked."""
        from karst.bootstrap import report
        from karst.bootstrap.by_hand import hand_steps

        typer.echo(report.workflows_text(self._deployment))
        told = ""
        while True:
            steps: Sequence[HandStep] = hand_steps(self._api, self._deployment)
            text = report.hand_text(steps)
            if text != told:
                typer.echo(text)
            told = text
            if self._until is None or not report.is_open(steps):
                return
            if not self._rest():
                _fail("Still open. The same command looks again.", STILL_OPEN)

    def _planned(self) -> Sequence[Planned]:
        """The plan; where somebody waits, once nothing is in the way of it."""
        from karst.bootstrap import report
        from karst.bootstrap.run import plan
        from karst.bootstrap.step import Standing

        told = ""
        while True:
            planned = plan(self._steps)
            text = report.plan_text(self._deployment, planned)
            if text != told:
                typer.echo(text)
            told = text
            is_blocked = any(one.look.standing is Standing.BLOCKED for one in planned)
            if not is_blocked or not self._rest():
                return planned

    def _rest(self) -> bool:
        """Wait a little; False where nobody waits, or the time is over."""
        if self._until is None:
            return False
        left = self._until - time.monotonic()
        time.sleep(max(0.0, min(POLL_S, left)))
        return left > 0


def _tell(step: Step, made: list[str]) -> None:
    made.append(step.name)
    typer.echo(f"  made: {step.name}")


def _fail(message: str, status: int) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(status)
