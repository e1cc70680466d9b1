"""Which connections a workload needs in a cluster, as its declaration and those of its callers say."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from karst.config.deployment import Deployment
from karst.config.service_runtime import ImageOrigin
from karst.derived.processes import cluster_workloads
from karst.derived.redis import redis_access
from karst.derived.workloads import Workload

_SQL_PORT = 5432


@dataclass(frozen=True, kw_only=True)
class Connections:
    """Everything that a workload's pods may open or receive; nothing else passes."""

    calls: tuple[Workload, ...]
    """Workloads of the same cluster that it declares to call, by name."""
    callers: tuple[Workload, ...]
    """Workloads of the same cluster that declare to call it, by name."""
    routed_ports: tuple[int, ...]
    """Ports of its processes that the edge sends requests to."""
    store_ports: tuple[int, ...]
    """Ports of databases and caches that it declares, on private addresses."""
    uses_identity: bool
    """It asks Google's APIs for something as itself."""
    leaves_cluster: bool
    """It calls Google's APIs, or services at their public hosts: upstream's programs find auth and info only there."""


def connections(deployment: Deployment, running: Iterable[Workload], workload: Workload) -> Connections:
    """What the workload connects to and who connects to it, among what the deployment runs."""
    beside = {one.name: one for one in cluster_workloads(running)}
    service = workload.service
    caches = {redis_access(deployment, use.name).port for use in service.stores.cache}
    databases = {_SQL_PORT} if service.stores.relational else set[int]()
    is_ours = service.image.source is ImageOrigin.KARST
    asks_google = is_ours or bool(service.stores.messages or service.stores.all_of())
    return Connections(
        calls=tuple(beside[name] for name in sorted(set(service.calls) & beside.keys())),
        callers=tuple(one for _, one in sorted(beside.items()) if workload.name in one.service.calls),
        routed_ports=_routed_ports(workload),
        store_ports=tuple(sorted(caches | databases)),
        uses_identity=asks_google,
        leaves_cluster=asks_google or bool(service.calls or service.secrets),
    )


def _routed_ports(workload: Workload) -> tuple[int, ...]:
    routes, listening = workload.service.routes, workload.service.listening
    if routes is None:
        return ()
    answering = {routes.read_process} | ({routes.write_process} if routes.writes else set[str]())
    return tuple(sorted({port for name in answering if (port := listening[name].port) is not None}))
