"""Which connections a workload needs in a cluster, as its declaration and those of its callers say."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from karst.config.deployment import Deployment
from karst.config.service_runtime import ImageOrigin
from karst.derived.processes import cluster_workloads
from karst.derived.redis import redis_access
from karst.derived.sql_login import is_administrator
from karst.derived.workloads import Workload
from karst.naming import Names

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
    store_ranges: tuple[str, ...]
    """Where these may answer."""
    uses_identity: bool
    """It asks Google's APIs for something as itself."""
    leaves_cluster: bool
    """It calls Google's APIs, or services at their public hosts: upstream's programs find auth and info only there."""


def connections(deployment: Deployment, running: Iterable[Workload], workload: Workload) -> Connections:
    """What the workload connects to and who connects to it, among what the deployment runs."""
    beside = {one.name: one for one in cluster_workloads(running)}
    service = workload.service
    caches = {redis_access(deployment, use.name).port for use in service.stores.cache}
    databases = {_SQL_PORT} if service.stores.relational or is_administrator(workload) else set[int]()
    addresses = [Names(deployment).redis_settings(use.name).address for use in service.stores.cache]
    addresses += [deployment.sql.address] if service.stores.relational else []
    is_ours = service.image.source is ImageOrigin.KARST
    asks_google = is_ours or bool(service.stores.messages or service.stores.all_of())
    return Connections(
        calls=tuple(beside[name] for name in sorted(set(service.calls) & beside.keys())),
        callers=tuple(one for _, one in sorted(beside.items()) if workload.name in one.service.calls),
        routed_ports=_routed_ports(workload),
        store_ports=tuple(sorted(caches | databases)),
        store_ranges=store_ranges(deployment, addresses),
        uses_identity=asks_google,
        leaves_cluster=asks_google or bool(service.calls or service.secrets),
    )


def store_ranges(deployment: Deployment, addresses: Iterable[str | None]) -> tuple[str, ...]:
    """Where private stores answer: the range of managed services, and existing ones at `addresses` outside of it."""
    managed = deployment.gcp.network.private_services
    known = {address for address in addresses if address is not None}
    outside = sorted(address for address in known if ip_address(address) not in ip_network(managed))
    return (managed, *(f"{address}/32" for address in outside))


def _routed_ports(workload: Workload) -> tuple[int, ...]:
    routes, listening = workload.service.routes, workload.service.listening
    if routes is None:
        return ()
    answering = {routes.read_process} | ({routes.write_process} if routes.writes else set[str]())
    return tuple(sorted({port for name in answering if (port := listening[name].port) is not None}))
