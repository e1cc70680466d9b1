"""`karst review`: what workflows on GitHub run, each step in one command."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from karst_cli.synthesis import FAILED, OK, REFUSED, UNUSABLE_INPUT

if TYPE_CHECKING:
    from karst.review.github import GitHub
    from karst.review.outcome import Outcome, Word
    from karst_cli.stack_graph import Stack

ONE_AT_A_TIME = ("-foundation", "-data-")
"""Stacks that hold data are applied one after the other, so that what fails is the only thing half done."""

review = typer.Typer(
    help="Steps of the workflows on GitHub: plan, comment, deploy in layers, keep an issue about drift.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
Environments = Annotated[Path, typer.Option(envvar="KARST_ENVIRONMENTS", help="Folder with one folder a deployment.")]
Project = Annotated[Path, typer.Option(envvar="KARST_PROJECT", help="Where Karst is checked out, with cdktf.json.")]


@review.command()
def targets(environments: Environments = Path("environments")) -> None:
    """Print the deployments that workflows act for (those with `ci` and `state`), as a matrix of jobs takes them."""
    from karst.config.errors import ConfigError
    from karst.config.loader import load_environments
    from karst.review.targets import targets_json

    try:
        typer.echo(targets_json(load_environments(environments).values()))
    except ConfigError as error:
        raise _stop(str(error)) from error


@review.command()
def plan(
    deployment: Annotated[str, typer.Argument(help="Whose stacks are planned.")],
    output: Annotated[Path, typer.Option(help="Folder that gets the report, and how it went.")],
    against: Annotated[
        str | None, typer.Option(metavar="REV", help="Say which file that differs from it does what.")
    ] = None,
    environments: Environments = Path("environments"),
    project: Project = Path(),
) -> None:
    """Plan a deployment and leave a report; plans themselves, which hold values, are left in no folder.

    Exit status: 0 planned, 1 failed, 2 the input cannot be used, 3 something needs an approval by name.
    """
    import tempfile

    from karst.review.outcome import Outcome, Word, write_outcome
    from karst_cli import cdktf

    with tempfile.TemporaryDirectory() as plans:
        words = ["diff", deployment, "--only", deployment, "--environments", str(environments.absolute())]
        # Whoever plans may only read the states, and a lock is written beside them.
        status = _quietly(cdktf.run, [*words, "--plans", plans, "--no-color", "-lock=false"], project.absolute())
        if status not in {OK, REFUSED}:
            lost = "Not every stack could be planned. The log of the job says which, and why.\n"
            write_outcome(output, Outcome(deployment=deployment, word=Word.FAILED, report=lost))
            raise typer.Exit(status)
        word, report = _report(Path(plans), output, against, environments)
    write_outcome(output, Outcome(deployment=deployment, word=word, report=report))
    raise typer.Exit(REFUSED if word is Word.REFUSED else OK)


@review.command()
def deploy(
    deployment: Annotated[str, typer.Argument(help="Whose stacks are deployed.")],
    environments: Environments = Path("environments"),
    project: Project = Path(),
) -> None:
    """Plan all stacks of a deployment and have all plans guarded, then deploy them layer by layer."""
    from karst_cli import cdktf
    from karst_cli.stack_graph import StackError, read_stacks

    common = ["--only", deployment, "--environments", str(environments.absolute()), "--no-color"]
    status = _quietly(cdktf.run, ["diff", deployment, *common], project.absolute())
    if status == REFUSED:
        typer.echo(
            "The plan guard refused, so nothing is deployed: `karst review plan` says what to approve.", err=True
        )
    if status != OK:
        raise typer.Exit(status)
    try:
        layers = layers_of(read_stacks(project.absolute() / "cdktf.out"))
    except StackError as error:
        raise _stop(str(error)) from error
    for number, layer in enumerate(layers, start=1):
        typer.echo(f"== layer {number} of {len(layers)}: {', '.join(layer)}")
        is_careful = any(part in stack for stack in layer for part in ONE_AT_A_TIME)
        exact = ["--skip-synth", "--auto-approve", "--ignore-missing-stack-dependencies"]
        words = ["deploy", *layer, *common, *exact, "--parallelism", "1" if is_careful else "4"]
        status = _quietly(cdktf.run, words, project.absolute())
        if status != OK:
            done = f"Layers 1 to {number - 1} are deployed" if number > 1 else "Nothing is deployed"
            typer.echo(f"{done}; this one is not whole, and those after it were not begun. Run it again.", err=True)
            raise typer.Exit(status)


@review.command()
def comment(
    outcomes: Annotated[Path, typer.Argument(help="Folder with what `karst review plan` left, a folder a deployment.")],
    pull_request: Annotated[int, typer.Option(envvar="PULL_REQUEST", min=1, help="Number of the pull request.")],
    expected: Annotated[str, typer.Option(envvar="TARGETS", help="What `karst review targets` printed.")] = "[]",
) -> None:
    """Write the reports into one comment on a pull request, in place of the last."""
    from karst.plan.markdown import MARKER
    from karst.review.notes import keep_comment
    from karst.review.outcome import together

    found = _outcomes(outcomes, expected)
    _tell(lambda github: keep_comment(github, pull_request, MARKER, together(found, _link(os.environ))))


@review.command()
def drift(
    outcomes: Annotated[Path, typer.Argument(help="Folder with what `karst review plan` left, a folder a deployment.")],
    expected: Annotated[str, typer.Option(envvar="TARGETS", help="What `karst review targets` printed.")] = "[]",
) -> None:
    """Keep one issue about deployments that differ from what is declared; close it when none does."""
    from karst.review.notes import close_issue, keep_issue
    from karst.review.outcome import DRIFT_MARKER, Word, drift_title, together

    found = _outcomes(outcomes, expected)
    told = [one for one in found if one.word is not Word.CLEAN]
    link = _link(os.environ)
    if told:
        _tell(lambda github: keep_issue(github, DRIFT_MARKER, drift_title(told), together(told, link)))
    else:
        _tell(lambda github: close_issue(github, DRIFT_MARKER, f"All deployments are as declared again. {link}"))


def layers_of(stacks: Mapping[str, Stack]) -> list[list[str]]:
    """Group stacks so that each group needs only those before it; removed ones come last, backwards."""
    from karst_cli.stack_graph import deploy_order

    depth: dict[str, int] = {}
    for name, before in deploy_order(stacks, stacks).items():
        depth[name] = 1 + max((depth[one] for one in before), default=-1)
    layers: list[list[str]] = [[] for _ in range(1 + max(depth.values(), default=-1))]
    for name, level in sorted(depth.items()):
        layers[level].append(name)
    return layers


def _quietly(run: Callable[[list[str], Path], int], words: list[str], project: Path) -> int:
    """Run without what Terraform prints of a plan, for it shows values, and whoever sees the job sees its log."""
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere, redirect_stdout(nowhere):
        return run(words, project)


def _report(plans: Path, output: Path, against: str | None, environments: Path) -> tuple[Word, str]:
    """How it went, and the report."""
    from karst.plan.plan_files import read_plans
    from karst.review.outcome import PAGE_FILE, REPORT_FILE, Word
    from karst_cli.plan_report import plan_report

    output.mkdir(parents=True, exist_ok=True)
    report = output / REPORT_FILE
    try:
        plan_report(plans=[plans], environments=environments, against=against, markdown=report, html=output / PAGE_FILE)
    except typer.Exit as stop:
        if stop.exit_code != REFUSED:
            raise
        return Word.REFUSED, report.read_text(encoding="utf-8")
    is_changed = any(plan.is_applicable for plan in read_plans([plans]))
    return Word.CHANGES if is_changed else Word.CLEAN, report.read_text(encoding="utf-8")


def _outcomes(folder: Path, expected: str) -> tuple[Outcome, ...]:
    from karst.review.outcome import OutcomeError, read_outcomes

    try:
        names = [str(one["name"]) for one in json.loads(expected)]
        return read_outcomes(folder, names)
    except (ValueError, TypeError, KeyError) as error:
        raise _stop("TARGETS is not what `karst review targets` prints. Pass its output on as it is.") from error
    except OutcomeError as error:
        raise _stop(str(error)) from error


def _tell(act: Callable[[GitHub], str]) -> None:
    """Do something on GitHub as the workflow that runs this, and say what was done."""
    from karst.review.github import GitHub, GitHubError

    try:
        github = GitHub(
            repository=os.environ.get("GITHUB_REPOSITORY", ""),
            token=os.environ.get("GITHUB_TOKEN", ""),
            api_url=os.environ.get("GITHUB_API_URL", "https://api.github.com"),
        )
        typer.echo(act(github))
    except GitHubError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(FAILED) from error


def _link(environment: Mapping[str, str]) -> str:
    """Where the whole report stands: the run that made it."""
    server, repository, run = (environment.get(f"GITHUB_{key}", "") for key in ("SERVER_URL", "REPOSITORY", "RUN_ID"))
    commit = environment.get("HEAD_COMMIT", "")[:12]
    of = f" of {commit}" if commit.isalnum() else ""
    return f"[The run{of}]({server}/{repository}/actions/runs/{run}) keeps the page." if run else ""


def _stop(message: str) -> typer.Exit:
    sys.stderr.write(f"{message}\n")
    return typer.Exit(UNUSABLE_INPUT)
