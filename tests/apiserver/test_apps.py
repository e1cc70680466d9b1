"""The stacks of applications, applied to a real API server: admission, schemas and Pod Security are the real ones."""

from __future__ import annotations

import json
import urllib.error
from pathlib import Path

import pytest

from tests.apiserver.applying import apply, changes_of_a_plan, prepare
from tests.apiserver.controllers import controllers
from tests.apiserver.server import ApiServer
from tests.examples import ExampleStack
from tests.terraform import TerraformError, Workshop

pytestmark = [pytest.mark.needs_providers, pytest.mark.slow]


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
