"""Rules of node pools: their machines exist, the system has a place, and every workload fits on the pool it names."""

from __future__ import annotations

from collections.abc import Iterator

from karst.config.cloud import NodePool
from karst.config.errors import Location, Problem, did_you_mean, show
from karst.config.loader import Environment
from karst.config.machines import Machine, machine, machine_names
from karst.config.service_runtime import mebibytes
from karst.derived.processes import RunningProcess, cluster_workloads, processes
from karst.derived.workloads import Catalog, UnknownServiceError, Workload, workloads

_POOLS = ("gcp", "pools")


def problems(environment: Environment) -> Iterator[Problem]:
    """What is wrong with the pools of one deployment, whatever runs on them."""
    pools = environment.deployment.gcp.pools
    for key, pool in pools.items():
        if machine(pool.machine_type) is None:
            remedy = did_you_mean(pool.machine_type, machine_names(), "Machine types")
            message = f"there is no machine type {show(pool.machine_type)}"
            yield environment.problem((*_POOLS, key, "machine_type"), message, remedy)
    if environment.deployment.runs_cluster and not any(_takes_all(pool) for pool in pools.values()):
        message = "no pool is open to what Kubernetes itself runs, and always there"
        yield environment.problem(_POOLS, message, "Give one of them `tainted: false` and `min_nodes: 1`.")


def problems_of_workloads(environment: Environment, catalog: Catalog) -> Iterator[Problem]:
    """Workloads whose pool isn't declared, or has machines too small for them."""
    if not environment.deployment.runs_cluster:
        return
    try:
        running = workloads(environment.deployment, catalog)
    except UnknownServiceError:
        # A choice that can't be met is a problem of its own; until it is mended nobody knows what runs.
        return
    for workload in cluster_workloads(running):
        too_low = list(_limit_too_low(environment, workload))
        yield from too_low
        for process in processes(workload) if not too_low else ():
            yield from _unplaced(environment, process)


def _limit_too_low(environment: Environment, workload: Workload) -> Iterator[Problem]:
    """A chosen limit of memory below what the service reserves."""
    chosen = workload.choice.resources
    if chosen is None or chosen.memory_limit is None:
        return
    reserved = [chosen.memory or process.resources.memory for process in workload.service.processes.values()]
    most = max(reserved, key=mebibytes)
    if mebibytes(chosen.memory_limit) < mebibytes(most):
        message = f"{chosen.memory_limit} is below the {most} of memory that are reserved"
        location = ("services", workload.name, "resources", "memory_limit")
        yield environment.problem(location, message, f"Write {most} or more, or reserve less.")


def _unplaced(environment: Environment, process: RunningProcess) -> Iterator[Problem]:
    pools, service = environment.deployment.gcp.pools, process.workload.name
    chosen = process.workload.choice
    if process.pool not in pools:
        # A choice of the deployment is checked where it stands, with all other references.
        if not chosen.pool:
            message = f"the service {show(service)} runs on the pool {show(process.pool)}, which isn't declared"
            remedy = f"Declare gcp.pools.{process.pool}, or choose one that is in services.{service}.pool."
            yield environment.problem(_POOLS, message, remedy)
        return
    pool = pools[process.pool]
    found = machine(pool.machine_type)
    if found is not None and (shortfall := _shortfall(process, found)):
        key: Location = ("services", service, "resources") if chosen.resources else (*_POOLS, process.pool)
        message = f"an empty {pool.machine_type} is too small for {show(process.name)}: {shortfall}"
        yield environment.problem(key, message, "Take larger machines, another pool, or ask for less.")


def _shortfall(process: RunningProcess, found: Machine) -> str | None:
    """What a process asks for and an empty machine hasn't got."""
    wanted_cpu, wanted_mib = millicores(process.resources.cpu), mebibytes(process.resources.memory)
    if wanted_cpu > found.allocatable_millicores:
        return f"it asks for {wanted_cpu}m of processor time, and pods get {found.allocatable_millicores}m"
    if wanted_mib > found.allocatable_mib:
        return f"it asks for {wanted_mib}Mi of memory, and pods get {found.allocatable_mib}Mi"
    return None


def millicores(quantity: str) -> int:
    """`250m` as 250, `2` as 2000."""
    return int(quantity[:-1]) if quantity.endswith("m") else round(float(quantity) * 1000)


def _takes_all(pool: NodePool) -> bool:
    return not pool.tainted and pool.min_nodes > 0
