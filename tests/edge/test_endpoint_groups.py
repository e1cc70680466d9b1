"""The edge names endpoint groups that exist: the Services of the apps stacks make each of them, and no other."""

from __future__ import annotations

import json
import re

import pytest

from tests.edge.services import Document
from tests.examples import ExampleStack

ANNOTATION = "cloud.google.com/neg"
GROUP = re.compile(r"/zones/[a-z0-9-]+/networkEndpointGroups/([a-z0-9-]+)$")


def named(edge: Document) -> set[str]:
    links = [
        backend["group"]
        for service in edge["resource"]["google_compute_backend_service"].values()
        for backend in service["backend"]
    ]
    return {found[1] for found in map(GROUP.search, links) if found}


def made(apps: Document) -> set[str]:
    groups = set[str]()
    for service in apps["resource"]["kubernetes_service_v1"].values():
        annotation = service["metadata"].get("annotations", {}).get(ANNOTATION)
        if annotation:
            groups |= {port["name"] for port in json.loads(annotation)["exposed_ports"].values()}
    return groups


@pytest.mark.parametrize("deployment", ["global", "local"])
def test_every_group_of_the_edge_is_made_in_a_generation(deployment: str, examples: dict[str, ExampleStack]) -> None:
    apps = [stack.content for name, stack in examples.items() if name.startswith(f"{deployment}-apps-")]
    wanted = named(examples[deployment].content)
    assert wanted
    assert wanted == {group for content in apps for group in made(content)}
