"""How many replicas of a process run in a generation, and who decides."""

from __future__ import annotations

from karst.config.deployment import Deployment
from karst.config.service_runtime import ScalingSignal
from karst.config.types import GenerationState
from karst.derived.processes import RunningProcess
from karst.derived.scaling import scales_by_metric
from karst.kubernetes.autoscaler import Measure, ReplicaRange
from karst.kubernetes.workload import Replicas

_MEASURES = {ScalingSignal.CPU: Measure.CPU, ScalingSignal.MEMORY: Measure.MEMORY}


def replicas(deployment: Deployment, process: RunningProcess, state: GenerationState) -> Replicas:
    """The replicas of a server, worker or scheduler in a generation of this state."""
    scaling = process.scaling
    is_scheduler = process.process.is_scheduler
    if is_scheduler and (scaling.min_replicas, scaling.max_replicas) != (1, 1):
        raise ValueError(f"services.{process.workload.name}.scaling: a scheduler runs exactly once. Remove scaling")
    if not process.is_awake(state) or (is_scheduler and deployment.materialization.paused):
        return Replicas(count=0, least=0, is_singleton=is_scheduler)
    if scaling.signal not in _MEASURES:
        return Replicas(count=None, least=scaling.min_replicas)
    least = max(1, scaling.min_replicas)
    if scales_by_metric(process):
        return Replicas(count=None, least=least)
    if least == scaling.max_replicas:
        return Replicas(count=least, least=least, is_singleton=is_scheduler)
    return Replicas(
        count=None,
        least=least,
        range=ReplicaRange(
            min_replicas=least,
            max_replicas=scaling.max_replicas,
            measure=_MEASURES[scaling.signal],
            target_percent=scaling.target,
        ),
    )
