"""What the front page of a deployment lists."""

from __future__ import annotations

from collections.abc import Iterable

from karst.config.deployment import Deployment
from karst.derived.workloads import Workload


def listed_services(deployment: Deployment, workloads: Iterable[Workload]) -> Iterable[dict[str, str]]:
    """Services with an address of their own, by name: name, description and URL."""
    for workload in sorted(workloads, key=lambda one: one.name):
        routes = workload.service.routes
        if routes is not None and routes.prefix != "/":
            yield {
                "name": workload.name,
                "description": workload.service.description,
                "url": f"https://{deployment.host}{routes.prefix}/",
            }
