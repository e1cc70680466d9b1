"""Replicas of a program that runs until it is told to stop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cdktn import ITerraformDependable
from cdktn_provider_kubernetes.deployment_v1 import (
    DeploymentV1,
    DeploymentV1Metadata,
    DeploymentV1Spec,
    DeploymentV1SpecSelector,
    DeploymentV1SpecStrategy,
    DeploymentV1SpecStrategyRollingUpdate,
    DeploymentV1SpecTemplate,
    DeploymentV1SpecTemplateMetadata,
    DeploymentV1Timeouts,
)
from constructs import Construct

from karst.kubernetes.pod import PodProps, pod_spec

_STARTING_S = 900
_STOPPING_S = 600
"""Beyond what the replicas take to finish what they hold."""
_LONGEST_EVICTION_S = 600
"""The autoscaler of the nodes waits no longer for a pod that it moves."""
_SAFE_TO_EVICT = "cluster-autoscaler.kubernetes.io/safe-to-evict"


@dataclass(frozen=True, kw_only=True)
class DeploymentProps:
    """What runs, how often, and how a new version takes over."""

    namespace: str
    name: str
    pod: PodProps
    replicas: int | None
    """None where an autoscaler decides: Terraform then leaves the number alone."""
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    """Beside those of the pod."""
    annotations: Mapping[str, str] = field(default_factory=dict[str, str])
    """On the pod; a change replaces the replicas."""
    is_singleton: bool = False
    """Never two at once: the old one stops before the new one starts."""
    waits_for: Sequence[ITerraformDependable] = ()


class Deployment(Construct):
    """A new version starts beside the old one and takes over replica by replica, as each becomes ready.

    An apply does not wait for that: pods start in any order and are ready when what they need is there. Raises
    `ValueError` for a singleton of several replicas.
    """

    deployment: ITerraformDependable

    def __init__(self, scope: Construct, id: str, props: DeploymentProps) -> None:
        super().__init__(scope, id)
        if props.is_singleton and props.replicas not in {0, 1}:
            raise ValueError(
                f"{props.name} may run once only, and {props.replicas} replicas are declared. Write 0 or 1"
            )
        selector = dict(sorted(props.pod.labels.items()))
        labels = dict(sorted((dict(props.labels) | selector).items()))
        self.deployment = DeploymentV1(
            self,
            "deployment",
            metadata=DeploymentV1Metadata(name=props.name, namespace=props.namespace, labels=labels),
            spec=DeploymentV1Spec(
                replicas=None if props.replicas is None else str(props.replicas),
                revision_history_limit=3,
                progress_deadline_seconds=_STARTING_S,
                selector=DeploymentV1SpecSelector(match_labels=selector),
                strategy=_strategy(is_singleton=props.is_singleton),
                template=DeploymentV1SpecTemplate(
                    metadata=DeploymentV1SpecTemplateMetadata(labels=labels, annotations=_annotations(props)),
                    spec=pod_spec(props.pod),
                ),
            ),
            wait_for_rollout=False,
            timeouts=DeploymentV1Timeouts(delete=f"{props.pod.drain_s + _STOPPING_S}s"),
            depends_on=list(props.waits_for) or None,
        )


def _strategy(*, is_singleton: bool) -> DeploymentV1SpecStrategy:
    if is_singleton:
        return DeploymentV1SpecStrategy(type="Recreate")
    rolling = DeploymentV1SpecStrategyRollingUpdate(max_surge="25%", max_unavailable="0")
    return DeploymentV1SpecStrategy(type="RollingUpdate", rolling_update=rolling)


def _annotations(props: DeploymentProps) -> dict[str, str] | None:
    found = dict(props.annotations)
    if props.pod.drain_s > _LONGEST_EVICTION_S:
        found[_SAFE_TO_EVICT] = "false"
    return dict(sorted(found.items())) or None
