"""The connections of a workload as rules of Kubernetes."""

from __future__ import annotations

from collections.abc import Iterator

from karst.blueprint import Blueprint
from karst.cluster_names import ClusterNames
from karst.config.service_runtime import ScalingSignal
from karst.derived.connections import connections
from karst.derived.monitoring import COLLECTORS_NAMESPACE
from karst.derived.processes import processes
from karst.derived.workloads import Workload
from karst.kubernetes.labels import service_labels
from karst.kubernetes.network_policy import (
    Addresses,
    Allowed,
    Pods,
    Port,
    dns,
    load_balancers,
    own_identity,
    public_https,
)


def receives(blueprint: Blueprint, names: ClusterNames, workload: Workload) -> tuple[Allowed, ...]:
    """Who may connect to the workload's pods."""
    return tuple(_receives(blueprint, names, workload))


def reaches(blueprint: Blueprint, names: ClusterNames, workload: Workload) -> tuple[Allowed, ...]:
    """Where the workload's pods may connect to."""
    return tuple(_reaches(blueprint, names, workload))


def _receives(blueprint: Blueprint, names: ClusterNames, workload: Workload) -> Iterator[Allowed]:
    known = connections(blueprint.deployment, blueprint.workloads, workload)
    if known.routed_ports:
        yield load_balancers(known.routed_ports)
    if known.callers:
        yield Allowed(peers=[_pods(names, one) for one in known.callers], ports=_ports(workload))
    measured = sorted(
        {
            one.process.port
            for one in processes(workload)
            if one.process.port is not None and one.scaling.signal is ScalingSignal.REQUESTS
        }
    )
    if measured:
        yield Allowed(peers=[Pods(namespace=COLLECTORS_NAMESPACE)], ports=[Port(port=port) for port in measured])


def _reaches(blueprint: Blueprint, names: ClusterNames, workload: Workload) -> Iterator[Allowed]:
    known = connections(blueprint.deployment, blueprint.workloads, workload)
    yield dns()
    if known.uses_identity:
        yield own_identity()
    if known.leaves_cluster:
        yield public_https()
    for called in known.calls:
        yield Allowed(peers=[_pods(names, called)], ports=_ports(called))
    if known.store_ports:
        stores = [Addresses(cidr=cidr) for cidr in known.store_ranges]
        yield Allowed(peers=stores, ports=[Port(port=port) for port in known.store_ports])


def _pods(names: ClusterNames, workload: Workload) -> Pods:
    return Pods(namespace=names.namespace(workload), labels=service_labels(workload.name))


def _ports(workload: Workload) -> list[Port]:
    found = {process.port for process in workload.service.listening.values()} - {None}
    return [Port(port=port) for port in sorted(port for port in found if port is not None)]
