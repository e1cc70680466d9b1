"""Has the images that stacks run built before a deployment, as soon as there is a registry to build them into."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

from karst_cli.images import images_in
from karst_cli.stack_graph import Stack, with_dependencies
from karst_cli.terraform import Failure, StackFailedError

BuildImages: TypeAlias = Callable[[str, tuple[str, ...]], None]
"""Builds those of a stack's images that are missing in their registry."""
_REGISTRY = "google_artifact_registry_repository"


def images_of(stack: Stack) -> tuple[str, ...]:
    """Find the images of Karst's that a stack runs."""
    return () if stack.is_removal else images_in((stack.folder / "cdk.tf.json").read_text(encoding="utf-8"))


def registries_below(stacks: Mapping[str, Stack], name: str) -> tuple[Stack, ...]:
    """Find the stacks on which `name` depends that declare a registry, and what else building needs."""
    below = (stacks[each] for each in sorted(with_dependencies(stacks, [name])))
    return tuple(stack for stack in below if any(kind == _REGISTRY for kind, _ in _declared(stack)))


def is_complete(stack: Stack, state: str) -> bool:
    """Whether `state`, as Terraform pulls it, has every resource that the stack declares."""
    document = json.loads(state) if state.strip() else {}
    present = {(entry.get("type"), entry.get("name")) for entry in document.get("resources", [])}
    return _declared(stack) <= present


def image_builder(environments: Path, project: Path) -> BuildImages:
    """Have `karst build` look after the images of a stack; it asks the registry, and builds only what is missing."""

    def build_images(stack: str, images: tuple[str, ...]) -> None:
        import typer

        from karst_cli.build import build

        deployments = [path.parent.name for path in environments.glob("*/deployment.yaml")]
        owners = [name for name in deployments if stack == name or stack.startswith(f"{name}-")]
        if not owners:
            said = f"no deployment below {environments} owns {stack}, so its images cannot be built"
            raise StackFailedError(Failure(said=said))
        owner = max(owners, key=len)
        for service in sorted({image.rpartition("/")[2].partition(":")[0] for image in images}):
            try:
                build(service, owner, environments, project / "services_src", dry_run=False)
            except typer.Exit as error:
                command = f"karst build {service} --environment {owner} --environments {environments}"
                said = f"The image of {service} could not be built; the reason stands above."
                raise StackFailedError(Failure(said=said, by_hand=command)) from error

    return build_images


def _declared(stack: Stack) -> frozenset[tuple[str, str]]:
    document = json.loads((stack.folder / "cdk.tf.json").read_text(encoding="utf-8"))
    resources: Mapping[str, Mapping[str, object]] = document.get("resource", {})
    return frozenset((kind, name) for kind, named in resources.items() for name in named)
