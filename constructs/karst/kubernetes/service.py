"""A name and an address in the cluster for the replicas of a process, and the list of them that load balancers use."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cdktn import ITerraformDependable
from cdktn_provider_kubernetes.service_v1 import ServiceV1, ServiceV1Metadata, ServiceV1Spec, ServiceV1SpecPort
from constructs import Construct

from karst.kubernetes.container import PORT_NAME

SERVICE_PORT = 80
"""Callers in the cluster write no port, whatever the program listens on."""
_ENDPOINT_GROUPS = "cloud.google.com/neg"


@dataclass(frozen=True, kw_only=True)
class ServiceProps:
    """Which pods, under which name."""

    namespace: str
    name: str
    labels: Mapping[str, str]
    """Select the pods."""
    port: int
    """On which they listen."""
    endpoint_group: str | None = None
    """Google keeps a network endpoint group of this name in each zone, with the pods that are ready."""
    waits_for: Sequence[ITerraformDependable] = ()


class Service(Construct):
    """Reached from inside the cluster only; load balancers go to the pods themselves, by the endpoint group."""

    def __init__(self, scope: Construct, id: str, props: ServiceProps) -> None:
        super().__init__(scope, id)
        pods = dict(sorted(props.labels.items()))
        ServiceV1(
            self,
            "service",
            metadata=ServiceV1Metadata(
                name=props.name, namespace=props.namespace, annotations=_annotations(props.endpoint_group)
            ),
            spec=ServiceV1Spec(
                type="ClusterIP",
                selector=pods,
                port=[ServiceV1SpecPort(name=PORT_NAME, port=SERVICE_PORT, target_port=str(props.port))],
            ),
            depends_on=list(props.waits_for) or None,
        )


def _annotations(endpoint_group: str | None) -> dict[str, str] | None:
    if endpoint_group is None:
        return None
    groups = {"exposed_ports": {str(SERVICE_PORT): {"name": endpoint_group}}}
    return {_ENDPOINT_GROUPS: json.dumps(groups, sort_keys=True)}
