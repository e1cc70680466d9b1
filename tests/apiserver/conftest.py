"""An API server that knows the kinds of add-ons, and providers that apply to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.apiserver.server import ApiServer, api_server
from tests.conftest import find_tool
from tests.examples import ExampleStack
from tests.terraform import Workshop, open_workshop

CUSTOM = {
    ("keda.sh", "v1alpha1"): ("ScaledObject", "TriggerAuthentication"),
    ("secrets-store.csi.x-k8s.io", "v1"): ("SecretProviderClass",),
    ("secret-sync.gke.io", "v1"): ("SecretSync",),
    ("monitoring.googleapis.com", "v1"): ("PodMonitoring",),
}
"""What add-ons and KEDA bring: known here by name only, since their schemas belong to others."""


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    folder = tmp_path_factory.mktemp("apiserver")
    with api_server(find_tool("kube-apiserver"), find_tool("etcd"), folder) as started:
        for (group, version), kinds in CUSTOM.items():
            for kind in kinds:
                started.ask("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition(group, version, kind))
        yield started


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory, examples: dict[str, ExampleStack]) -> Workshop:
    wanted: dict[str, Any] = {}
    for stack in examples.values():
        wanted |= stack.content["terraform"]["required_providers"]
    return open_workshop(tmp_path_factory.mktemp("applied"), tmp_path_factory.mktemp("plugins"), wanted)


def definition(group: str, version: str, kind: str) -> dict[str, Any]:
    """A custom resource definition that takes any content."""
    plural = f"{kind.lower()}es" if kind.endswith("s") else f"{kind.lower()}s"
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "names": {"plural": plural, "singular": kind.lower(), "kind": kind},
            "scope": "Namespaced",
            "versions": [{"name": version, "served": True, "storage": True, "schema": {"openAPIV3Schema": anything}}],
        },
    }
