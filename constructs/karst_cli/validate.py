"""`karst validate`: says whether the configuration can be built, without a cloud, a network or a cloud binding."""

from __future__ import annotations

import json
import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from karst.config.errors import Problem
    from karst.config.loader import Environment
    from karst.config.service import Service

# Before the models are made: looking for plugins in every installed package takes as long as reading the examples.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

INVALID = 2
DEFAULT_FOLDER = Path("environments")
SERVICES_FOLDER = Path("services_src")


class OutputFormat(StrEnum):
    """How the findings are printed."""

    TEXT = "text"
    JSON = "json"


class _Findings:
    """What was read, and what was found in it."""

    def __init__(self) -> None:
        self.deployments = 0
        self.datasets = 0
        self.services = 0
        self.ours: Mapping[str, Service] | None = None
        """The declarations of our services, once they were read."""
        self.problems: list[Problem] = []

    def count(self) -> str:
        counted = [_plural(self.deployments, "deployment"), _plural(self.datasets, "dataset")]
        return ", ".join([*counted, _plural(self.services, "service")] if self.services else counted)


def validate(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[PATH]...",
            help="The folder of all deployments, or of one; by default environments, and the services beside it.",
            show_default=False,
        ),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(metavar="REV", help="Also check that states may follow those of this git revision."),
    ] = None,
    output_format: Annotated[
        OutputFormat, typer.Option("--format", help="Text for people, JSON for programs.")
    ] = OutputFormat.TEXT,
) -> None:
    """Check the configuration, and say of each mistake where it is and what to write instead.

    Exit status: 0 valid, 2 not.
    """
    findings = _Findings()
    for path in paths or [DEFAULT_FOLDER]:
        _check_folder(path, against, findings)
    if not paths and SERVICES_FOLDER.is_dir():
        _check_services(findings)
    typer.echo(_as_json(findings) if output_format is OutputFormat.JSON else _as_text(findings))
    if findings.problems:
        raise typer.Exit(INVALID)


def _check_folder(path: Path, against: str | None, findings: _Findings) -> None:
    from karst.config.errors import ConfigError
    from karst.config.folder import DEPLOYMENT_FILE
    from karst.config.loader import load_environment, load_environments
    from karst.config.rules import check_environments
    from karst.config.rules.services import known_services

    is_one = (path / DEPLOYMENT_FILE).exists()
    try:
        environments = {path.absolute().name: load_environment(path)} if is_one else load_environments(path)
    except ConfigError as error:
        findings.problems += error.problems
        return
    findings.deployments += len(environments)
    findings.datasets += sum(len(environment.datasets) for environment in environments.values())
    try:
        check_environments(environments, known_services(SERVICES_FOLDER) if SERVICES_FOLDER.is_dir() else None)
        if SERVICES_FOLDER.is_dir():
            _check_running(environments, findings)
    except ConfigError as error:
        findings.problems += error.problems
    if against is None:
        return
    from karst.config.rules import transitions

    root = path if not is_one else path.parent if path.name else path.absolute().parent
    try:
        before = transitions.read_before(root, against, only=path.absolute().name if is_one else None)
    except ConfigError as error:
        findings.problems += error.problems
        return
    findings.problems += transitions.problems(root, before, environments, against)


def _check_running(environments: Mapping[str, Environment], findings: _Findings) -> None:
    """What shows only when the declarations of all services that a deployment runs are seen together."""
    from karst.config.rules import OF_WORKLOADS
    from karst.config.rules.services import UPSTREAM
    from karst.config.service import load_services
    from karst.derived import edge
    from karst.derived.workloads import Catalog

    ours = findings.ours = findings.ours or load_services(SERVICES_FOLDER)
    # Tags name images, on which neither routes nor pools depend; computing them would read every source.
    catalog = Catalog(ours=ours, tags=dict.fromkeys(ours, ""), upstream=load_services(UPSTREAM))
    for environment in environments.values():
        for rule in (edge.problems, *OF_WORKLOADS):
            findings.problems += rule(environment, catalog)


def _check_services(findings: _Findings) -> None:
    from karst.config.errors import ConfigError
    from karst.config.service import load_services

    try:
        findings.services = len(findings.ours or load_services(SERVICES_FOLDER))
    except ConfigError as error:
        findings.problems += error.problems


def _as_json(findings: _Findings) -> str:
    found = [problem.as_dict() for problem in sorted(set(findings.problems))]
    counts = {"deployments": findings.deployments, "datasets": findings.datasets, "services": findings.services}
    return json.dumps({"valid": not found, **counts, "problems": found}, indent=2)


def _as_text(findings: _Findings) -> str:
    if not findings.problems:
        return f"{findings.count()}: valid"
    from karst.config.errors import render

    listed = sorted(set(findings.problems))
    return f"{render(listed)}\n{_plural(len(listed), 'problem')}"


def _plural(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
