"""More replicas when those that run use much of the processor or memory that they asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from cdktn import ITerraformDependable
from cdktn_provider_kubernetes.horizontal_pod_autoscaler_v2 import (
    HorizontalPodAutoscalerV2,
    HorizontalPodAutoscalerV2Metadata,
    HorizontalPodAutoscalerV2Spec,
    HorizontalPodAutoscalerV2SpecBehavior,
    HorizontalPodAutoscalerV2SpecBehaviorScaleDown,
    HorizontalPodAutoscalerV2SpecBehaviorScaleDownPolicy,
    HorizontalPodAutoscalerV2SpecBehaviorScaleUp,
    HorizontalPodAutoscalerV2SpecBehaviorScaleUpPolicy,
    HorizontalPodAutoscalerV2SpecMetric,
    HorizontalPodAutoscalerV2SpecMetricResource,
    HorizontalPodAutoscalerV2SpecMetricResourceTarget,
    HorizontalPodAutoscalerV2SpecScaleTargetRef,
)
from constructs import Construct


class Measure(StrEnum):
    """What of a replica's own use counts."""

    CPU = "cpu"
    MEMORY = "memory"


@dataclass(frozen=True, kw_only=True)
class ReplicaRange:
    """Bounds, and what decides between them."""

    min_replicas: int
    max_replicas: int
    measure: Measure
    target_percent: int
    """Of what a replica asked for, on average over all."""

    def __post_init__(self) -> None:
        if not 1 <= self.min_replicas < self.max_replicas:
            raise ValueError(
                f"{self.min_replicas} to {self.max_replicas} replicas is no range for an autoscaler by {self.measure}: "
                "write 1 <= min_replicas < max_replicas; only what counts a queue can start from none"
            )


@dataclass(frozen=True, kw_only=True)
class AutoscalerProps:
    """The Deployment, by name, and its range."""

    namespace: str
    name: str
    replicas: ReplicaRange
    waits_for: Sequence[ITerraformDependable] = ()


class Autoscaler(Construct):
    """Doubles every half minute where it must; takes away half a minute at most, and only after five quiet minutes."""

    def __init__(self, scope: Construct, id: str, props: AutoscalerProps) -> None:
        super().__init__(scope, id)
        replicas = props.replicas
        HorizontalPodAutoscalerV2(
            self,
            "autoscaler",
            metadata=HorizontalPodAutoscalerV2Metadata(name=props.name, namespace=props.namespace),
            spec=HorizontalPodAutoscalerV2Spec(
                min_replicas=replicas.min_replicas,
                max_replicas=replicas.max_replicas,
                scale_target_ref=HorizontalPodAutoscalerV2SpecScaleTargetRef(
                    api_version="apps/v1", kind="Deployment", name=props.name
                ),
                metric=[_metric(replicas)],
                behavior=HorizontalPodAutoscalerV2SpecBehavior(scale_up=[_scale_up()], scale_down=[_scale_down()]),
            ),
            depends_on=list(props.waits_for) or None,
        )


def _metric(replicas: ReplicaRange) -> HorizontalPodAutoscalerV2SpecMetric:
    return HorizontalPodAutoscalerV2SpecMetric(
        type="Resource",
        resource=HorizontalPodAutoscalerV2SpecMetricResource(
            name=replicas.measure.value,
            target=HorizontalPodAutoscalerV2SpecMetricResourceTarget(
                type="Utilization", average_utilization=replicas.target_percent
            ),
        ),
    )


def _scale_up() -> HorizontalPodAutoscalerV2SpecBehaviorScaleUp:
    policies = (("Percent", 100), ("Pods", 4))
    return HorizontalPodAutoscalerV2SpecBehaviorScaleUp(
        stabilization_window_seconds=0,
        select_policy="Max",
        policy=[
            HorizontalPodAutoscalerV2SpecBehaviorScaleUpPolicy(type=kind, value=value, period_seconds=30)
            for kind, value in policies
        ],
    )


def _scale_down() -> HorizontalPodAutoscalerV2SpecBehaviorScaleDown:
    return HorizontalPodAutoscalerV2SpecBehaviorScaleDown(
        stabilization_window_seconds=300,
        select_policy="Max",
        policy=[HorizontalPodAutoscalerV2SpecBehaviorScaleDownPolicy(type="Percent", value=50, period_seconds=60)],
    )
