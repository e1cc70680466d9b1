"""What of a service runs in a cluster: its processes with the deployment's choices, and which of them sleep when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from karst.cluster_names import object_name
from karst.config.service_runtime import Process, Resources, Runtime, Scaling, ScalingSignal
from karst.config.types import GenerationState
from karst.derived.workloads import Workload

FIRST, WITH_OTHERS, LAST = range(3)
_SERVING = frozenset({GenerationState.STANDBY, GenerationState.ACTIVE, GenerationState.DRAINING})


@dataclass(frozen=True, kw_only=True)
class RunningProcess:
    """One process of a workload as a deployment runs it in a cluster."""

    workload: Workload
    key: str
    """Its name in the declaration: `web`, `worker`."""
    process: Process
    scaling: Scaling
    resources: Resources
    pool: str

    @property
    def name(self) -> str:
        """Name of its objects in Kubernetes."""
        return object_name(self.workload, self.key)

    @property
    def is_server(self) -> bool:
        """Whether it answers HTTP."""
        return self.process.port is not None

    @property
    def is_scheduled(self) -> bool:
        """Whether it starts at set times and ends."""
        return self.process.schedule is not None

    def is_awake(self, state: GenerationState) -> bool:
        """Whether it runs in a generation of this state.

        What is bound to the active generation takes no new work elsewhere: there its replicas are stopped, and finish
        within their drain time what they hold.
        """
        return state is GenerationState.ACTIVE or not (self.process.is_generation_bound or self.is_scheduled)


def serves(state: GenerationState) -> bool:
    """Whether the edge may send requests to a generation of this state."""
    return state in _SERVING


def cluster_workloads(workloads: Iterable[Workload]) -> tuple[Workload, ...]:
    """What a deployment runs in its clusters, by name."""
    return tuple(workload for workload in workloads if workload.runtime is Runtime.GKE)


def runs_first(workload: Workload) -> bool:
    """Whether others wait for it to end."""
    return any(process.runs_first for process in workload.service.processes.values())


def turn(workload: Workload) -> int:
    """Its place in the order in which a roll-out makes workloads: before others, with them, or after them."""
    if runs_first(workload):
        return FIRST
    return LAST if any(process.runs_last for process in workload.service.processes.values()) else WITH_OTHERS


def processes(workload: Workload) -> tuple[RunningProcess, ...]:
    """A workload's processes, by name. The deployment's choice of scaling, resources and pool counts for each."""
    return tuple(
        RunningProcess(
            workload=workload,
            key=key,
            process=process,
            scaling=_scaling(workload, process),
            resources=_resources(workload, process),
            pool=workload.choice.pool or process.pool,
        )
        for key, process in sorted(workload.service.processes.items())
    )


def _scaling(workload: Workload, process: Process) -> Scaling:
    chosen = workload.choice.scaling
    if chosen is None:
        return process.scaling
    values = process.scaling.model_dump() | {"min_replicas": chosen.min, "max_replicas": chosen.max}
    if chosen.target_cpu is not None:
        values |= {"signal": ScalingSignal.CPU, "target": chosen.target_cpu, "queue": None}
    return Scaling.model_validate(values)


def _resources(workload: Workload, process: Process) -> Resources:
    chosen = workload.choice.resources
    if chosen is None:
        return process.resources
    values = process.resources.model_dump() | chosen.model_dump(exclude_none=True)
    if chosen.memory is not None and chosen.memory_limit is None:
        # The declared limit fits the declared reservation only.
        values["memory_limit"] = None
    return Resources.model_validate(values)
