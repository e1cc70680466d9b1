"""`karst synth`: deployments become Terraform stacks on disk, and a table of what they hold."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeAlias, cast

import typer
from rich.console import Console
from rich.table import Table

import main
from karst.app import SynthesisError, synthesize
from karst.config.errors import ConfigError
from karst.packaging.sources import PackagingError

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"


@dataclass(frozen=True, kw_only=True)
class StackSummary:
    """How much one synthesized stack declares."""

    name: str
    resources_by_type: Counter[str]

    @property
    def resource_count(self) -> int:
        """Resources that Terraform would keep in this stack's state."""
        return self.resources_by_type.total()


def synth(
    environments: Annotated[Path, typer.Option(help="Folder with one folder a deployment.")] = Path("environments"),
    output: Annotated[Path, typer.Option(help="Folder that receives the stacks.")] = Path("cdktf.out"),
    only: Annotated[str | None, typer.Option(metavar="DEPLOYMENT", help="Synthesize this deployment alone.")] = None,
) -> None:
    """Write the stacks as Terraform JSON and list them."""
    try:
        synthesize(main.build(environments, output, only=(only,) if only else ()))
        summaries = read_summaries(output)
    except (ConfigError, PackagingError, SynthesisError) as error:
        typer.echo(f"karst synth: {error}", err=True)
        raise typer.Exit(1) from error
    Console().print(render(summaries))


def read_summaries(output: Path) -> list[StackSummary]:
    """Summarize the stacks that the toolkit's manifest in `output` lists, by name.

    Raises `SynthesisError` for a folder that no synthesis wrote, or that was edited since.
    """
    manifest = _read_json(output / "manifest.json")
    try:
        stacks = cast("dict[str, dict[str, str]]", manifest["stacks"])
        paths = {name: output / stack["synthesizedStackPath"] for name, stack in stacks.items()}
    except (KeyError, TypeError, AttributeError) as error:
        raise SynthesisError(
            f"{output / 'manifest.json'} lists no stacks: delete {output} and synthesize again"
        ) from error
    return [StackSummary(name=name, resources_by_type=_count_resources(path)) for name, path in sorted(paths.items())]


def render(summaries: Iterable[StackSummary]) -> Table:
    """Lay the summaries out for a terminal, with their sum."""
    listed = list(summaries)
    table = Table(show_footer=True)
    table.add_column("Stack", footer=f"{len(listed)} stacks")
    table.add_column("Resources", footer=str(sum(summary.resource_count for summary in listed)), justify="right")
    table.add_column("Most of them")
    for summary in listed:
        common = ", ".join(f"{kind.removeprefix('google_')} {n}" for kind, n in _most_common(summary))
        table.add_row(summary.name, str(summary.resource_count), common)
    return table


def _most_common(summary: StackSummary) -> list[tuple[str, int]]:
    ordered = sorted(summary.resources_by_type.items(), key=lambda item: (-item[1], item[0]))
    return ordered[:3]


def _count_resources(stack: Path) -> Counter[str]:
    resources = _read_json(stack).get("resource", {})
    if not isinstance(resources, dict):
        raise SynthesisError(f"{stack} is not a synthesized stack: delete its folder and synthesize again")
    return Counter({kind: len(named) for kind, named in resources.items() if isinstance(named, dict)})


def _read_json(path: Path) -> dict[str, Json]:
    try:
        content: Json = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise SynthesisError(f"{path} is missing: synthesize first, with `karst synth`") from error
    except ValueError as error:
        raise SynthesisError(f"{path} is not JSON: delete {path.parent} and synthesize again") from error
    if not isinstance(content, dict):
        raise SynthesisError(f"{path} holds no JSON object: delete {path.parent} and synthesize again")
    return content
