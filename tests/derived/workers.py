"""Deployments and services that scale and keep secrets, saying just what a test needs."""

from __future__ import annotations

from collections.abc import Mapping

from karst.cluster_names import ClusterNames
from karst.config.deployment import Deployment
from karst.config.running import ServiceChoice
from karst.config.service import Service
from karst.config.service_runtime import Runtime
from karst.derived.processes import RunningProcess, processes
from karst.derived.workloads import Workload

RESOURCES = {"cpu": "100m", "memory": "128Mi"}


def deployment(**keys: object) -> Deployment:
    """A local deployment with two generations."""
    plain = {
        "name": "api",
        "kinds": ["local"],
        "gcp": {"project": "lab-cave", "project_number": "123456789012", "region": "us-east4", "zone": "us-east4-a"},
        "dns": {"zone": "example-org", "domain": "example.org"},
        "global": {"host": "global.example.org"},
        "generations": {"blue": {"state": "active"}, "green": {"state": "standby"}},
    }
    return Deployment.model_validate({**plain, **keys})


def blue(of: Deployment | None = None) -> ClusterNames:
    """Names in its first generation."""
    return ClusterNames(of=of or deployment(), generation="blue")


def service(
    name: str, process: Mapping[str, object], choice: Mapping[str, object] | None = None, **keys: object
) -> Workload:
    """A service of one process called `worker`."""
    plain = {
        "name": name,
        "description": "For a test",
        "package": f"karst-{name}",
        "kinds": ["local"],
        "processes": {"worker": {"resources": RESOURCES, **process}},
    }
    declared = Service.model_validate({**plain, **keys})
    return Workload(
        service=declared,
        image="registry/x:1",
        runtime=Runtime.GKE,
        choice=ServiceChoice.model_validate(choice or {}),
    )


def only_process(workload: Workload) -> RunningProcess:
    """Its one process."""
    (found,) = processes(workload)
    return found
