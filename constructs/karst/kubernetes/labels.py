"""Labels by which Kubernetes, policies and people find what belongs together."""

from __future__ import annotations

NAME = "app.kubernetes.io/name"
COMPONENT = "app.kubernetes.io/component"
_PART_OF = "app.kubernetes.io/part-of"
_MANAGED_BY = "app.kubernetes.io/managed-by"


def service_labels(service: str) -> dict[str, str]:
    """Select every pod of a service, its jobs included: network policies speak of services."""
    return {NAME: service}


def process_labels(service: str, process: str) -> dict[str, str]:
    """Select the replicas of one process."""
    return {COMPONENT: process, NAME: service}


def common_labels(deployment: str) -> dict[str, str]:
    """Stand on every object of a deployment."""
    return {_MANAGED_BY: "karst", _PART_OF: deployment}
