"""`karst explain`: what a stack declares, one attribute a line and sorted, so that a difference reads in a review."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from karst_cli.stack_graph import StackError, choose, read_stacks

Json: TypeAlias = "Mapping[str, Json] | list[Json] | str | int | float | bool | None"

_TOOLKIT_REMARKS = "//"


def explain(
    stack: Annotated[list[str], typer.Argument(help="Stacks to show; `*` stands for any part of a name.")],
    output: Annotated[Path, typer.Option(help="Folder that `karst synth` wrote.")] = Path("cdktf.out"),
) -> None:
    """Show what a synthesized stack declares, flat and sorted."""
    try:
        stacks = read_stacks(output)
        for name in choose(stacks, stack):
            typer.echo(f"# {name}")
            typer.echo(view(json.loads((stacks[name].folder / "cdk.tf.json").read_text(encoding="utf-8"))))
    except StackError as error:
        typer.echo(f"karst explain: {error}", err=True)
        raise typer.Exit(1) from error


def view(document: Mapping[str, Json]) -> str:
    """Render a stack's Terraform JSON: provider and state, what moved or is imported, then every resource by address.

    Versions of toolkit and providers, the toolkit's remarks and the provider's project are left out; a resource names
    its project where it is another one. Resources that merely have to exist first are counted by type.
    """
    paragraphs = [*_settings(document), *_resources(document)]
    return "\n\n".join("\n".join(paragraph) for paragraph in paragraphs) + "\n"


def _settings(document: Mapping[str, Json]) -> Iterator[list[str]]:
    for kind, name, body in _named(document, "provider"):
        yield [f"{kind} {name}", *_attributes(body)]
    terraform = document.get("terraform")
    for kind, name, body in _named(terraform if isinstance(terraform, Mapping) else {}, "backend"):
        yield [f"{kind} {name}", *_attributes(body)]
    for block in ("moved", "import"):
        entries = document.get(block)
        for entry in entries if isinstance(entries, list) else ():
            yield [block, *_attributes(entry)]


def _resources(document: Mapping[str, Json]) -> Iterator[list[str]]:
    repeated = {
        f"  project = {json.dumps(body.get('project'))}"
        for _, _, body in _named(document, "provider")
        if isinstance(body, Mapping)
    }
    for block in ("resource", "data", "ephemeral"):
        prefix = "" if block == "resource" else f"{block}."
        for _, kind, named in _named(document, block):
            for name, body in sorted(named.items()) if isinstance(named, Mapping) else ():
                yield [f"{prefix}{kind}.{name}", *(line for line in _attributes(body) if line not in repeated)]


def _named(document: Mapping[str, Json], block: str) -> Iterator[tuple[str, str, Json]]:
    """Every body in a block; the toolkit writes a list where there could be several, as with aliased providers."""
    named = document.get(block)
    for name, bodies in sorted(named.items()) if isinstance(named, Mapping) else ():
        for body in bodies if isinstance(bodies, list) else [bodies]:
            yield block, name, body


def _attributes(body: Json) -> list[str]:
    return [f"  {path} = {text}" for path, text in _flat(body, "")]


def _flat(value: Json, path: str) -> Iterator[tuple[str, str]]:
    value = _opened(value)
    if isinstance(value, Mapping) and value:
        for key, item in sorted(value.items()):
            if key == "depends_on" and isinstance(item, list):
                if item:
                    yield f"{path}.{key}".lstrip("."), _counted(item)
            elif key != _TOOLKIT_REMARKS:
                yield from _flat(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
        for label, item in _labelled(value):
            yield from _flat(item, f"{path}[{label}]")
    else:
        yield path, json.dumps(value, ensure_ascii=False)


def _labelled(items: list[Json]) -> Iterator[tuple[str, Json]]:
    """Items with their names, so that a new one moves no other; with their places where they have none."""
    names = [item.get("name") if isinstance(item, Mapping) else None for item in items]
    if not all(isinstance(name, str) for name in names) or len(set(map(str, names))) < len(names):
        yield from ((str(index), item) for index, item in enumerate(items))
        return
    for name, item in zip(names, items, strict=True):
        inner = {key: part for key, part in item.items() if key != "name"} if isinstance(item, Mapping) else {}
        yield str(name), inner or item


def _opened(value: Json) -> Json:
    """A chart's values, which its provider takes as texts, as what they say; everything else as it is."""
    if not isinstance(value, list) or not value:
        return value
    texts = [item for item in value if isinstance(item, str) and item.startswith("{\n")]
    return [json.loads(text) for text in texts] if len(texts) == len(value) else value


def _counted(addresses: list[Json]) -> str:
    kinds = Counter(str(address).rpartition(".")[0] for address in addresses)
    return ", ".join(f"{kind} ({count})" for kind, count in sorted(kinds.items()))
