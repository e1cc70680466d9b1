"""What keeps stacks plain: nothing read from elsewhere, nothing run on the side, everything labelled."""

from __future__ import annotations

import re
from collections.abc import Iterator

from karst.policy.model import Json, Resource, Rule, Stack, as_mapping, as_objects, on_each
from karst.policy.pods import pods

_RUN = ("google_cloud_run_v2_job", "google_cloud_run_v2_service")
REQUIRED_LABELS = ("deployment", "managed_by")


def _reads_nothing(stack: Stack) -> Iterator[tuple[str, str]]:
    for kind, entries in as_mapping(stack.document.get("data")).items():
        for name in as_mapping(entries):
            yield f"data.{kind}.{name}", "is read from outside: write the name as plain text in the configuration"


def _runs_nothing(resource: Resource) -> Iterator[str]:
    if "provisioner" in resource.body:
        yield "runs a program while it is created: declare the result instead"
    # Empty but for what comes before it, the built-in one is a gate: it says when a new project is ready.
    is_gate = resource.kind == "terraform_data" and not resource.body.keys() - {"//", "depends_on"}
    if resource.kind in {"null_resource", "terraform_data"} and not is_gate:
        yield "stands for no resource of a cloud: declare what it is there for"


def _is_labelled(stack: Stack) -> Iterator[tuple[str, str]]:
    for provider in as_objects(as_mapping(stack.document.get("provider")).get("google")):
        missing = [label for label in REQUIRED_LABELS if not as_mapping(provider.get("default_labels")).get(label)]
        if missing:
            yield "", f"gives its resources no label {', '.join(missing)}: set the provider's default_labels"


def _pins_images(stack: Stack) -> Iterator[tuple[str, str]]:
    on_run = [(one.address, container) for one in stack.resources(*_RUN) for container in _containers(one)]
    in_pods = [(pod.resource.address, container) for pod in pods(stack) for container in pod.containers]
    for address, container in (*on_run, *in_pods):
        image = str(container.get("image", ""))
        tag = image.rpartition("/")[2].partition(":")[2]
        if not re.search(r"@sha256:[0-9a-f]{64}$", image) and tag in {"", "latest"}:
            yield address, f"runs {image!r}, which may change under its name: give a tag that never moves, or a digest"


def _containers(resource: Resource) -> list[Json]:
    outer = as_mapping(resource.body.get("template"))
    inner = as_mapping(outer.get("template"))
    return as_objects((inner or outer).get("containers"))


RULES = (
    Rule(
        id="KARST_STACK_1",
        reason="A stack that reads another's state, or the cloud, cannot be planned alone.",
        judge=_reads_nothing,
    ),
    Rule(
        id="KARST_STACK_2",
        reason="What a provisioner does is in no plan, and is done once only.",
        judge=on_each((), _runs_nothing),
    ),
    Rule(id="KARST_STACK_3", reason="Costs and owners are found by labels.", judge=_is_labelled),
    Rule(
        id="KARST_IMAGE_1",
        reason="An image that moves under its name makes two equal deployments differ.",
        judge=_pins_images,
    ),
)
