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
"""A budget of one at a time lets a lone replica go while it is ready, and holds on to it while it isn't: it would
protect nothing, and keep the node of a replica that never becomes ready. What an autoscaler takes from one to many
has said that one is enough."""


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
    """One replica away at a time. Raises `ValueError` for a process that may run with one replica only."""

    def __init__(self, scope: Construct, id: str, props: DisruptionBudgetProps) -> None:
        super().__init__(scope, id)
        if props.least_replicas < LEAST_REPLICAS:
            raise ValueError(
                f"{props.name}: a budget protects two replicas or more, and {props.least_replicas} always run. Raise "
                "the minimum, or leave the budget out"
            )
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
