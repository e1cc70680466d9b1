"""`karst plan-report`: what plans would do, for who reviews them, and whether they may be applied."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from karst.plan.reach import Reached

REFUSED = 3
UNUSABLE_INPUT = 2
SERVICES_FOLDER = Path("services_src")


class ReportFormat(StrEnum):
    """How the report is printed."""

    MARKDOWN = "markdown"
    HTML = "html"


def plan_report(
    plans: Annotated[
        list[Path],
        typer.Argument(
            metavar="PLAN...",
            help="What `terraform show -json PLAN` printed, one file a stack, or folders of them.",
        ),
    ],
    approvals: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="More approvals than environments/*/approvals.yaml. Repeatable."),
    ] = None,
    environments: Annotated[Path, typer.Option(help="Folder with one folder a deployment.")] = Path("environments"),
    against: Annotated[
        str | None,
        typer.Option(metavar="REV", help="Say which file that differs from this git revision reaches which stack."),
    ] = None,
    changed: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE", help="The same for these files, named from the repository's top. Repeatable."),
    ] = None,
    markdown: Annotated[Path | None, typer.Option(metavar="FILE", help="Also write the Markdown here.")] = None,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Also write the page here.")] = None,
    output_format: Annotated[
        ReportFormat, typer.Option("--format", help="What is printed: Markdown for a comment, or the page.")
    ] = ReportFormat.MARKDOWN,
) -> None:
    """Report what plans would do: losses first, then access, cost, and which changed file reaches which stack.

    Shows no value that is not on a list. The stack of a plan is the file's name without its ending.
    Exit status: 0 nothing to object, 2 the input cannot be used, 3 something needs an approval by name.
    """
    from karst.config.errors import ConfigError
    from karst.plan.approvals import read_approvals
    from karst.plan.guard import judge
    from karst.plan.markdown import as_markdown
    from karst.plan.page import as_html
    from karst.plan.plan_files import read_plans
    from karst.plan.reader import PlanUnreadableError
    from karst.plan.summary import Summary, summarize

    try:
        read = read_plans(plans)
        consents = read_approvals([*sorted(environments.glob("*/approvals.yaml")), *(approvals or [])])
        found = _reached(environments, against, changed or [])
    except (PlanUnreadableError, ConfigError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(UNUSABLE_INPUT) from error
    verdict = judge(read, consents, today=datetime.now(UTC).date())
    known = {plan.stack for plan in read}
    summary = Summary(
        stacks=summarize(read, verdict, found.datasets if found else None),
        verdict=verdict,
        causes=found.causes if found else None,
        idle=found.idle if found else (),
        beyond={stack: listed for stack, listed in found.causes.items() if stack not in known} if found else {},
    )
    texts = {ReportFormat.MARKDOWN: as_markdown(summary), ReportFormat.HTML: as_html(summary)}
    for path, wanted in ((markdown, ReportFormat.MARKDOWN), (html, ReportFormat.HTML)):
        if path is not None:
            _write(path, texts[wanted])
    typer.echo(texts[output_format], nl=False)
    if verdict.refusals:
        raise typer.Exit(REFUSED)


def _reached(environments: Path, against: str | None, changed: list[str]) -> Reached | None:
    """Which stacks the changed files reach; nothing where nobody asked."""
    if against is None and not changed:
        return None
    from karst.config.loader import load_environments
    from karst.config.rules.services import UPSTREAM
    from karst.config.service import load_services
    from karst.derived.workloads import Catalog
    from karst.plan.changed_files import changed_keys, changed_since, common_ancestor, repository
    from karst.plan.reach import Reach, reached

    root, files = Path.cwd(), tuple(changed)
    keys: Mapping[str, tuple[str, ...]] = {}
    if against is not None:
        root = repository(root)
        ancestor = common_ancestor(root, against)
        files = (*files, *changed_since(root, ancestor))
        keys = changed_keys(root, ancestor, files)
    catalog = None
    if (root / SERVICES_FOLDER).is_dir():
        ours = load_services(root / SERVICES_FOLDER)
        # Tags name images; which stack runs them depends on none, and computing them would read every source.
        catalog = Catalog(ours=ours, tags=dict.fromkeys(ours, ""), upstream=load_services(UPSTREAM))
    loaded = load_environments(environments)
    return reached(
        Reach(root=root, environments=environments, loaded=loaded, catalog=catalog, changed_keys=keys), files
    )


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        typer.echo(f"{path}: cannot be written ({error.strerror}). Name a file in a folder that exists.", err=True)
        raise typer.Exit(UNUSABLE_INPUT) from error
