"""How many replicas may be away at once while nodes are repaired and upgraded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cdktn import ITerraformDependable
from cdktn_provider_kubernetes.pod_disruption_budget_v1 import (
    PodDisruptionBudgetV1,
    PodDisruptionBudgetV1Metadata,
    PodDisruptionBudgetV1Spec,
    PodDisruptionBudgetV1SpecSelector,
)
from constructs import Construct

LEAST_REPLICAS = 2
"""Below, a budget would either protect nothing or keep a node from ever being repaired."""


@dataclass(frozen=True, kw_only=True)
class DisruptionBudgetProps:
    """Whose replicas."""

    namespace: str
    name: str
    labels: Mapping[str, str]
    least_replicas: int
    """How many always run."""
    waits_for: Sequence[ITerraformDependable] = ()


class DisruptionBudget(Construct):
    """One replica at a time. Raises `ValueError` for a process of one replica, whose node could never be drained."""

    def __init__(self, scope: Construct, id: str, props: DisruptionBudgetProps) -> None:
        super().__init__(scope, id)
        if props.least_replicas < LEAST_REPLICAS:
            raise ValueError(f"{props.name}: a budget needs two replicas, and {props.least_replicas} are declared")
        PodDisruptionBudgetV1(
            self,
            "budget",
            metadata=PodDisruptionBudgetV1Metadata(name=props.name, namespace=props.namespace),
            spec=PodDisruptionBudgetV1Spec(
                max_unavailable="1",
                selector=PodDisruptionBudgetV1SpecSelector(match_labels=dict(sorted(props.labels.items()))),
            ),
            depends_on=list(props.waits_for) or None,
        )
