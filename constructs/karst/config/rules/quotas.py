"""Rules of quotas: what the node pools may grow to fits what Google lets a project use in a region."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil

from karst.config.cloud import NodePool
from karst.config.errors import Problem
from karst.config.loader import Environment
from karst.config.machines import QuotaMetric, machine
from karst.config.types import GenerationState

NAT_PORTS_PER_ADDRESS = 64_512
NAT_LEAST_PORTS = 64
"""Ports of one of the network's public addresses, and how many of them each node holds."""


@dataclass(frozen=True, kw_only=True)
class Need:
    """What one pool may use of one quota, all zones and generations together."""

    deployment: str
    pool: str
    nodes: int
    amount: int


def problems_between(environments: Mapping[str, Environment]) -> Iterator[Problem]:
    """Quotas that pools may exceed. Deployments of one project share its quotas, so their needs are summed."""
    for environment in environments.values():
        quotas = environment.deployment.gcp.quotas
        if quotas:
            here = [other for other in environments.values() if _place(other) == _place(environment)]
            needs = needed(here, has_spot_quota=QuotaMetric.PREEMPTIBLE_CPUS in quotas)
            for metric, limit in quotas.items():
                if sum(need.amount for need in needs[metric]) > limit:
                    message, remedy = _explain(environment, metric, limit, needs[metric])
                    yield environment.problem(("gcp", "quotas", metric.value), message, remedy)


def needed(environments: list[Environment], *, has_spot_quota: bool) -> Mapping[QuotaMetric, list[Need]]:
    """What the pools of these deployments use at their largest, by quota."""
    needs: dict[QuotaMetric, list[Need]] = defaultdict(list)
    for environment in environments:
        for key, pool in sorted(environment.deployment.gcp.pools.items()):
            nodes = pool.max_nodes * _copies(environment)
            for metric, amount in _amounts(pool, nodes, has_spot_quota=has_spot_quota):
                needs[metric].append(Need(deployment=environment.name, pool=key, nodes=nodes, amount=amount))
    nodes = sum(need.nodes for need in needs[QuotaMetric.INSTANCES])
    if nodes:
        addresses = ceil(nodes * NAT_LEAST_PORTS / NAT_PORTS_PER_ADDRESS)
        name = environments[0].name
        needs[QuotaMetric.IN_USE_ADDRESSES] = [Need(deployment=name, pool="NAT", nodes=nodes, amount=addresses)]
    return needs


def _amounts(pool: NodePool, nodes: int, *, has_spot_quota: bool) -> Iterator[tuple[QuotaMetric, int]]:
    found = machine(pool.machine_type)
    if found is None or nodes == 0:
        # An unknown type is a problem of its own.
        return
    yield QuotaMetric.PREEMPTIBLE_CPUS if pool.spot and has_spot_quota else found.quota, nodes * found.vcpus
    yield found.disk_quota, nodes * pool.disk_gib
    yield QuotaMetric.INSTANCES, nodes


def _copies(environment: Environment) -> int:
    """How often a pool's bound per zone counts: once a zone of each cluster that stands."""
    deployment = environment.deployment
    if not deployment.runs_cluster:
        return 0
    standing = [one for one in deployment.generations.values() if one.state is not GenerationState.REMOVED]
    return len(standing) * len(deployment.gcp.node_zones)


def _place(environment: Environment) -> tuple[str, str]:
    return environment.deployment.gcp.project, environment.deployment.gcp.region


def _explain(environment: Environment, metric: QuotaMetric, limit: int, needs: list[Need]) -> tuple[str, str]:
    wanted, region = sum(need.amount for need in needs), environment.deployment.gcp.region
    is_shared = len({need.deployment for need in needs}) > 1
    parts = [
        f"{need.deployment}: {need.pool} {need.amount}" if is_shared else f"{need.pool} {need.amount}"
        for need in sorted(needs, key=lambda need: -need.amount)
    ]
    if metric is QuotaMetric.IN_USE_ADDRESSES:
        message = f"is {limit}, but {needs[0].nodes} nodes need {wanted} of them to reach the internet from {region}"
    else:
        message = (
            f"is {limit}, but the node pools may grow to {wanted} in {region}: {', '.join(parts)} "
            "(max_nodes x zones x generations)"
        )
    return message, "Ask Google for more and write that here, lower max_nodes, or remove a generation."
