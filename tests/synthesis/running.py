"""Stacks around services that a test declares, and reading them back."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from cdktn import App

from karst.app import create_app, synthesize
from karst.blueprint import Blueprint
from karst.config.dataset import Dataset
from karst.config.deployment import Deployment
from karst.config.running import ServiceChoice
from karst.config.service import Service
from karst.config.service_runtime import Runtime
from karst.derived.workloads import Workload
from karst.stack import KarstStack
from stacks.apps import AppsStack
from stacks.foundation import FoundationStack
from tests.examples import ExampleStack

Body = dict[str, Any]
TAG = "0123456789abcdef01234567"
UPSTREAM = {"package": None, "image": {"source": "upstream", "repository": "docker.io/x/y", "version": "v1"}}
WEB = {
    "port": 8080,
    "resources": {"cpu": "100m", "memory": "128Mi"},
    "scaling": {"min_replicas": 2, "max_replicas": 4},
    "drain_s": 45,
}
WORKER = {"resources": {"cpu": "1", "memory": "1Gi"}, "is_generation_bound": True}


def workload(name: str, choice: Mapping[str, object] | None = None, **keys: object) -> Workload:
    """A service of ours with one web process, and what `keys` say instead."""
    plain: dict[str, object] = {
        "name": name,
        "description": "For a test",
        "package": f"karst-{name}",
        "kinds": ["local"],
        "processes": {"web": WEB},
        "health": {"live": "/health/live", "ready": "/health/ready"},
        "routes": {"prefix": f"/{name}", "reads": [{"path": "/api"}]},
        "settings": {"KARST_DATASETS": {"description": "Path of datasets.json"}},
    }
    return Workload(
        service=Service.model_validate(plain | keys),
        image=f"registry.example.org/{name}:{TAG}",
        runtime=Runtime.GKE,
        choice=ServiceChoice.model_validate(choice or {}),
    )


def apps(
    deployment: Deployment, workloads: Iterable[Workload], *, datasets: Iterable[Dataset] = (), generation: str = "blue"
) -> ExampleStack:
    """The stack of applications of a generation."""
    blueprint = Blueprint(deployment=deployment, datasets=tuple(datasets), workloads=tuple(workloads))
    return _synthesized(lambda app: AppsStack(app, blueprint, generation))


def foundation(deployment: Deployment, workloads: Iterable[Workload]) -> ExampleStack:
    """The stack of what lives for years."""
    blueprint = Blueprint(deployment=deployment, datasets=(), workloads=tuple(workloads))
    return _synthesized(lambda app: FoundationStack(app, blueprint))


def _synthesized(declare: Callable[[App], KarstStack]) -> ExampleStack:
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(Path(folder))
        stack = declare(app)
        synthesize(app)
        path = Path(folder) / "stacks" / stack.node.id / "cdk.tf.json"
        return ExampleStack(name=stack.node.id, path=path, content=json.loads(path.read_text(encoding="utf-8")))


def objects(stack: ExampleStack, kind: str) -> dict[str, Body]:
    """Objects of a kind of Kubernetes, by their names."""
    bodies = stack.content.get("resource", {}).get(f"kubernetes_{kind}", {}).values()
    found: dict[str, Body] = {}
    for body in bodies:
        metadata = body["metadata"][0] if isinstance(body["metadata"], list) else body["metadata"]
        found[metadata.get("name", metadata.get("namespace"))] = body
    return found


def scalers(stack: ExampleStack) -> set[str]:
    """Names of what KEDA scales."""
    releases = stack.content.get("resource", {}).get("helm_release", {}).values()
    return {scaler["name"] for release in releases for scaler in json.loads(release["values"][0])["scalers"]}
