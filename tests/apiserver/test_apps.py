"""The stacks of applications, applied to a real API server: admission, schemas and Pod Security are the real ones."""

from __future__ import annotations

import json
import shutil
import urllib.error
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.apiserver.controllers import controllers
from tests.apiserver.server import ApiServer, api_server
from tests.conftest import find_tool
from tests.examples import ExampleStack
from tests.terraform import TerraformError, Workshop, open_workshop

pytestmark = [pytest.mark.needs_providers, pytest.mark.slow]

CUSTOM = {
    ("keda.sh", "v1alpha1"): ("ScaledObject", "TriggerAuthentication"),
    ("secrets-store.csi.x-k8s.io", "v1"): ("SecretProviderClass",),
    ("secret-sync.gke.io", "v1"): ("SecretSync",),
    ("monitoring.googleapis.com", "v1"): ("PodMonitoring",),
}
"""What add-ons and KEDA bring: known here by name only, since their schemas belong to others."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    folder = tmp_path_factory.mktemp("apiserver")
    with api_server(find_tool("kube-apiserver"), find_tool("etcd"), folder) as started:
        for (group, version), kinds in CUSTOM.items():
            for kind in kinds:
                started.ask("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition(group, version, kind))
        yield started


@pytest.fixture(scope="module")
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


def prepare(workshop: Workshop, stack: ExampleStack, server: ApiServer) -> Path:
    """A folder with the stack, its state beside it, and its providers turned to the server."""
    folder = workshop.folder / stack.name
    shutil.copytree(stack.path.parent, folder)
    content = {key: value for key, value in stack.content.items() if key != "import"}
    content["terraform"] = {key: value for key, value in content["terraform"].items() if key != "backend"}
    (folder / "cdk.tf.json").write_text(json.dumps(content, indent=1), encoding="utf-8")
    reached = {"host": server.url, "token": server.token, "insecure": True}
    turned = {"provider": {"kubernetes": reached, "helm": {"kubernetes": reached}}}
    (folder / "server_override.tf.json").write_text(json.dumps(turned), encoding="utf-8")
    workshop.terraform(folder, "init", "-input=false", "-no-color")
    return folder


def apply(workshop: Workshop, folder: Path) -> None:
    workshop.terraform(folder, "apply", "-auto-approve", "-input=false", "-no-color", "-lock=false")


def changes_of_a_plan(workshop: Workshop, folder: Path) -> list[str]:
    workshop.terraform(folder, "plan", "-input=false", "-no-color", "-lock=false", "-out=again")
    document = json.loads(workshop.terraform(folder, "show", "-json", "again"))
    return [
        f"{change['address']}: {change['change']['actions']}"
        for change in document["resource_changes"]
        if change["change"]["actions"] != ["no-op"]
    ]


def declared(stack: ExampleStack, kind: str) -> set[tuple[str, str]]:
    """Namespace and name of the declared objects of a kind, where both are written out."""
    found: set[tuple[str, str]] = set()
    for body in stack.content["resource"].get(kind, {}).values():
        metadata = body["metadata"][0] if isinstance(body["metadata"], list) else body["metadata"]
        found.add((metadata["namespace"], metadata["name"]))
    return found


@pytest.mark.parametrize("name", ["global-apps-blue", "global-apps-green", "local-apps-blue"])
def test_objects_are_admitted_and_a_second_plan_is_empty(
    name: str, server: ApiServer, workshop: Workshop, examples: dict[str, ExampleStack]
) -> None:
    stack = examples[name]
    folder = prepare(workshop, stack, server)
    with controllers(server) as ended:
        apply(workshop, folder)
    for kind, path in (("kubernetes_deployment_v1", "apps/v1/deployments"), ("kubernetes_job_v1", "batch/v1/jobs")):
        items = server.ask(f"/apis/{path}")["items"]
        kept = {(item["metadata"]["namespace"], item["metadata"]["name"]) for item in items}
        assert declared(stack, kind) <= kept
    assert {job for _, job in declared(stack, "kubernetes_job_v1")} <= set(ended)
    assert changes_of_a_plan(workshop, folder) == []
    assert warned_pods(server, stack) == []


def warned_pods(server: ApiServer, stack: ExampleStack) -> list[str]:
    """Pods that their namespace would refuse: each Deployment's template, asked for as a pod without keeping it."""
    refused: list[str] = []
    for namespace, name in sorted(declared(stack, "kubernetes_deployment_v1")):
        template = server.ask(f"/apis/apps/v1/namespaces/{namespace}/deployments/{name}")["spec"]["template"]
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, **template["metadata"]}}
        try:
            server.ask(f"/api/v1/namespaces/{namespace}/pods?dryRun=All", {**pod, "spec": template["spec"]})
        except urllib.error.HTTPError as error:
            refused.append(f"{namespace}/{name}: {error.read().decode()}")
    return refused


def test_a_failing_migration_stops_the_rollout(
    server: ApiServer, workshop: Workshop, examples: dict[str, ExampleStack], tmp_path: Path
) -> None:
    stack = examples["local-apps-blue"]
    moved = json.loads(json.dumps(stack.content).replace("local-blue", "trial-blue"))
    trial = ExampleStack(name="trial-apps-blue", path=stack.path, content=moved)
    folder = prepare(workshop, trial, server)
    migrating = {name for _, name in declared(trial, "kubernetes_job_v1") if "materialize" in name}
    assert migrating, "the example migrates no database"
    with controllers(server, failing="materialize"), pytest.raises(TerraformError, match="materialize"):
        apply(workshop, folder)
    items = server.ask("/apis/apps/v1/namespaces/trial-blue-upstream/deployments")["items"]
    assert "materialize" not in {item["metadata"]["name"] for item in items}
