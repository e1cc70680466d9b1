"""`karst import`: a platform that runs already becomes configuration of Karst, with a report of each variable."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from karst.adoption.mapping import Adoption
    from karst.adoption.values import Environment

DEFAULT_OUTPUT = Path("environments")
SERVICES_FOLDER = Path("services_src")
_TERRAFORM = frozenset({".hcl", ".tfvars"})
UNUSABLE, UNKNOWN, INVALID = 2, 3, 4
_ELSEWHERE = "Take another folder (--output), or write --force to replace it"

_EXITS = """Nothing in FILE is run, and no secret is written anywhere: secrets become references, and the report names
the command that stores each. Exit status: 0 written, 2 not possible like this, 3 unknown variables with --strict
(nothing is written), 4 written, but `karst validate` objects."""


def import_(
    file: Annotated[Path, typer.Argument(help="Environment file of CAVEdeployment (.sh), or inputs of Terragrunt.")],
    output: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder of all deployments; one named after this one is made in it.")
    ] = DEFAULT_OUTPUT,
    repo: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Repository of FILE, for the files it refers to; by default the one around it."
        ),
    ] = None,
    scripts: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Checkout of CAVEdeployment, whose defaults a local file builds upon."),
    ] = None,
    name: Annotated[str | None, typer.Option(help="Another name for the deployment; resources keep theirs.")] = None,
    project_number: Annotated[
        str | None, typer.Option(metavar="NUMBER", help="Number of the project, which FILE doesn't hold.")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse variables of which nobody knows the meaning.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a deployment that stands there already.")] = False,
) -> None:
    """Write a platform that runs already as a deployment: deployment.yaml, datasets, and a report as README.md."""
    from dataclasses import replace

    from karst.adoption.fitting import MissingError
    from karst.adoption.mapping import Options, adopt
    from karst.adoption.report import markdown, summary
    from karst.adoption.values import UnreadableError
    from karst.config.folder import README_FILE
    from karst.drafts.check import neighbours, problems
    from karst.drafts.folder import FolderError, write_folder

    try:
        environment = _read(file, repo, scripts)
        adoption = adopt(environment, Options(name=name, project_number=project_number), neighbours(output))
        if strict and adoption.report.unknown:
            _refuse(adoption, output)
        target = output / adoption.report.deployment
        report = adoption.report

        def inspect(folder: Path) -> dict[str, str]:
            nonlocal report
            found = problems(folder, output, SERVICES_FOLDER)
            report = replace(report, problems=tuple(str(one).replace(str(folder), str(target)) for one in found))
            return {README_FILE: markdown(report)}

        write_folder(target, adoption.files, may_replace=force, elsewhere=_ELSEWHERE, inspect=inspect)
    except (UnreadableError, MissingError, FolderError) as error:
        typer.echo(f"karst import: {error}", err=True)
        raise typer.Exit(UNUSABLE) from error
    typer.echo(summary(report, target))
    if report.problems:
        raise typer.Exit(INVALID)


def _read(file: Path, repo: Path | None, scripts: Path | None) -> Environment:
    if file.suffix in _TERRAFORM:
        from karst.adoption.terragrunt import read_inputs

        return read_inputs(file, repository=repo)
    from karst.adoption.shell import read_environment

    return read_environment(file, repository=repo, scripts=scripts)


def _refuse(adoption: Adoption, output: Path) -> None:
    from karst.adoption.report import unknown_lines

    typer.echo(
        f"karst import: nobody knows what these variables mean, so nothing was written below {output}:", err=True
    )
    for line in unknown_lines(adoption.report):
        typer.echo(f"  {line}", err=True)
    raise typer.Exit(UNKNOWN)
