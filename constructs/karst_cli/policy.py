"""`karst policy`: holds synthesized stacks to Karst's rules, and to the list of grants that was agreed to."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

UNUSABLE_INPUT = 2
REFUSED = 3


def policy(
    folder: Annotated[Path, typer.Argument(help="What `karst synth` wrote.")] = Path("cdktf.out"),
    grants: Annotated[
        Path | None, typer.Option(metavar="FILE", help="YAML: the roles that each identity may hold.")
    ] = None,
    renew: Annotated[
        bool, typer.Option("--renew", help="Write the list of grants anew, for a review, instead of comparing.")
    ] = False,
) -> None:
    """Refuse stacks that break a rule: secrets in clear text, public addresses, data that can be deleted.

    Exit status: 0 nothing to object, 2 the input cannot be used, 3 refused.
    """
    import yaml

    from karst.policy.check import StacksUnreadableError, check_stacks, compare_grants, granted, read_stacks

    if renew and grants is None:
        typer.echo("--renew writes the list of grants: name the file by --grants", err=True)
        raise typer.Exit(UNUSABLE_INPUT)
    try:
        stacks = read_stacks(folder)
        objections = [str(finding) for finding in check_stacks(stacks)]
        if grants is not None:
            if renew:
                grants.write_text(yaml.safe_dump(granted(stacks)), encoding="utf-8")
            allowed = yaml.safe_load(grants.read_text(encoding="utf-8")) or {}
            objections += compare_grants(allowed, granted(stacks))
    except (StacksUnreadableError, OSError, yaml.YAMLError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(UNUSABLE_INPUT) from error
    for objection in objections:
        typer.echo(objection)
    if objections:
        raise typer.Exit(REFUSED)
    typer.echo(f"{len(stacks)} stacks: nothing to object")
