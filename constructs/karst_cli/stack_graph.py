"""The synthesized stacks and what depends on what: which of them a command means, and in which order they run."""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import TypeAlias

from karst.config.errors import did_you_mean, show

Waits: TypeAlias = Mapping[str, frozenset[str]]
"""For each chosen stack, in a possible order, the chosen stacks that must be finished before it begins."""

_HOLDING = ("resource", "module", "data")
_REPAIR = "Remove the folder and synthesize again with `cdktf synth`."


class StackError(Exception):
    """The stacks cannot be used as asked; the message says why and what to do."""


@dataclass(frozen=True, kw_only=True)
class Stack:
    """One synthesized stack."""

    name: str
    folder: Path
    """Where its Terraform JSON lies, and where Terraform runs."""
    dependencies: frozenset[str]
    is_removal: bool
    """Whether it declares nothing but providers, so that a plan deletes what it held."""
    bucket: str | None = None
    """The bucket that holds its state; None for state on this machine."""


def read_stacks(output: Path) -> dict[str, Stack]:
    """Read the stacks that synthesis wrote into `output` (`cdktf.out`), sorted by name."""
    path = output / "manifest.json"
    document = _read_json(path)
    entries = document.get("stacks")
    if not isinstance(entries, dict):
        raise StackError(f"{path}: names no stacks. {_REPAIR}")
    stacks = {name: _stack(output, path, name, entry) for name, entry in sorted(entries.items())}
    for stack in stacks.values():
        if unknown := sorted(stack.dependencies - stacks.keys()):
            raise StackError(f"{path}: {stack.name} depends on {unknown[0]}, which is not in the manifest. {_REPAIR}")
    _order({name: stack.dependencies for name, stack in stacks.items()})
    return stacks


def choose(stacks: Mapping[str, Stack], patterns: Sequence[str]) -> tuple[str, ...]:
    """Resolve the names that somebody typed; `*` stands for any part of a name."""
    if not stacks:
        raise StackError("The application has no stacks. Add a deployment below environments/.")
    if not patterns:
        if len(stacks) == 1:
            return tuple(stacks)
        raise StackError(f"Name one or more stacks: {', '.join(stacks)}.")
    chosen: dict[str, None] = {}
    for pattern in patterns:
        found = [pattern] if pattern in stacks else fnmatch.filter(stacks, pattern)
        if not found:
            raise StackError(f"There is no stack {show(pattern)}. {did_you_mean(pattern, stacks, 'Stacks')}")
        chosen.update(dict.fromkeys(found))
    return tuple(chosen)


def with_dependencies(stacks: Mapping[str, Stack], chosen: Iterable[str]) -> frozenset[str]:
    """Add everything that `chosen` stacks depend on."""
    found: set[str] = set()
    pending = list(chosen)
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            pending.extend(stacks[name].dependencies)
    return frozenset(found)


def deploy_order(stacks: Mapping[str, Stack], chosen: Iterable[str]) -> Waits:
    """Order stacks for deployment: what others depend on first; then removals, backwards.

    A removed dataset goes when everything that used it has been deployed without it.
    """
    names = frozenset(chosen)
    removals = frozenset(name for name in names if stacks[name].is_removal)
    kept = names - removals
    waits = {name: _below(stacks, name) & kept for name in kept}
    for name in removals:
        waits[name] = kept | {other for other in removals if name in _below(stacks, other)}
    return _sorted(waits)


def destroy_order(stacks: Mapping[str, Stack], chosen: Iterable[str]) -> Waits:
    """Order stacks for destruction: what depends on others first."""
    names = frozenset(chosen)
    return _sorted({name: frozenset(other for other in names if name in _below(stacks, other)) for name in names})


def dependents(stacks: Mapping[str, Stack], chosen: Iterable[str]) -> tuple[str, ...]:
    """Name the stacks outside `chosen` that depend on one of it."""
    names = frozenset(chosen)
    return tuple(name for name in stacks if name not in names and names & _below(stacks, name))


def _below(stacks: Mapping[str, Stack], name: str) -> frozenset[str]:
    return with_dependencies(stacks, [name]) - {name}


def _sorted(waits: Waits) -> Waits:
    return {name: waits[name] for name in _order(waits)}


def _order(waits: Waits) -> tuple[str, ...]:
    """Sort so that each comes after what it waits for; by name where that leaves a choice."""
    sorter = TopologicalSorter({name: sorted(waits[name]) for name in sorted(waits)})
    try:
        sorter.prepare()
    except CycleError as error:
        circle = " -> ".join(error.args[1])
        raise StackError(
            f"Stacks depend on each other in a circle: {circle}. Take one of these dependencies out."
        ) from error
    order: list[str] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        order.extend(ready)
        sorter.done(*ready)
    return tuple(order)


def _stack(output: Path, manifest: Path, name: str, entry: object) -> Stack:
    if not isinstance(entry, dict):
        raise StackError(f"{manifest}: says nothing usable about {show(name)}. {_REPAIR}")
    folder, dependencies = entry.get("workingDirectory"), entry.get("dependencies", [])
    if not isinstance(folder, str) or not isinstance(dependencies, list):
        raise StackError(f"{manifest}: says nothing usable about {show(name)}. {_REPAIR}")
    path = output / folder
    if not path.is_dir():
        raise StackError(f"{path}: the folder of stack {name} is gone. {_REPAIR}")
    content = _read_json(path / "cdk.tf.json")
    return Stack(
        name=name,
        folder=path,
        dependencies=frozenset(str(dependency) for dependency in dependencies),
        is_removal=not any(content.get(block) for block in _HOLDING),
        bucket=_bucket(content),
    )


def _bucket(content: Mapping[str, object]) -> str | None:
    found: object = content
    for key in ("terraform", "backend", "gcs", "bucket"):
        found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, str) else None


def _read_json(path: Path) -> dict[str, object]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise StackError(f"{path}: is missing. {_REPAIR}") from error
    except OSError as error:
        raise StackError(f"{path}: cannot be read ({error.strerror or error}). {_REPAIR}") from error
    except (ValueError, RecursionError) as error:
        raise StackError(f"{path}: is no valid JSON. {_REPAIR}") from error
    if not isinstance(document, dict):
        raise StackError(f"{path}: holds no object. {_REPAIR}")
    return document
