"""`karst guard`: refuses plans that would lose data or access, or open it to others."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

REFUSED = 3
UNUSABLE_INPUT = 2


class OutputFormat(StrEnum):
    """How the verdict is printed."""

    TEXT = "text"
    JSON = "json"


def guard(
    plans: Annotated[
        list[Path],
        typer.Argument(metavar="PLAN.json...", help="What `terraform show -json PLAN` printed, one file a stack."),
    ],
    approvals: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="What may be lost: environments/<deployment>/approvals.yaml. Repeatable."),
    ] = None,
    stack: Annotated[
        str | None,
        typer.Option(help="The stack of the plan, where the file name does not say it. Only with one plan."),
    ] = None,
    output_format: Annotated[
        OutputFormat, typer.Option("--format", help="Text for people, JSON for programs.")
    ] = OutputFormat.TEXT,
) -> None:
    """Refuse plans that lose data or its protection, or that give somebody more access, without an approval by name.

    The stack of a plan is the file's name without its ending (demo.json), or the folder of a file named plan.json.
    Exit status: 0 nothing to object, 2 the input cannot be used, 3 refused.
    """
    from karst.config.errors import ConfigError
    from karst.plan.approvals import read_approvals
    from karst.plan.guard import judge
    from karst.plan.reader import PlanUnreadableError, read_plan
    from karst.plan.report import as_json, as_text

    if stack is not None and len(plans) > 1:
        typer.echo("--stack names one plan's stack; name the files after their stacks instead", err=True)
        raise typer.Exit(UNUSABLE_INPUT)
    try:
        read = [read_plan(path, stack) for path in plans]
        consents = read_approvals(approvals or [])
    except (PlanUnreadableError, ConfigError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(UNUSABLE_INPUT) from error
    for consent in consents:
        if all(consent.stack != plan.stack for plan in read):
            typer.echo(f"{consent.place}: none of these plans is of the stack {consent.stack}", err=True)
    verdict = judge(read, consents, today=datetime.now(UTC).date())
    typer.echo(as_json(verdict) if output_format is OutputFormat.JSON else as_text(verdict))
    if verdict.refusals:
        raise typer.Exit(REFUSED)
