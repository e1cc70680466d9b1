"""Topics and subscriptions of a deployment, by role. Edits of the graph fan out by the attribute `remesh_priority`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from karst.config.service_checks import subscriptions
from karst.derived.workloads import Workload

_HIGH = 'attributes.remesh_priority="true"'
_LOW = 'attributes.remesh_priority="false"'


@dataclass(frozen=True, kw_only=True)
class SubscriptionRole:
    """A queue: the topic it hangs on, its name behind the deployment's prefix, and what it lets through."""

    topic: str
    suffix: str
    ack_deadline_s: int
    message_filter: str | None = None


TOPICS: Mapping[str, str] = {
    "edits": "PCG_EDIT",
    "l2cache": "L2CACHE",
    "skeletons-high": "SKELETON_CACHE_HIGH_PRIORITY",
    "skeletons-low": "SKELETON_CACHE_LOW_PRIORITY",
    "skeletons-dead": "SKELETON_CACHE_DEAD_LETTER",
}
"""Role of a topic to its name behind the deployment's prefix."""

SUBSCRIPTIONS: Mapping[str, SubscriptionRole] = {
    "remesh-high": SubscriptionRole(
        topic="edits", suffix="PCG_HIGH_PRIORITY_REMESH", ack_deadline_s=600, message_filter=_HIGH
    ),
    "remesh-low": SubscriptionRole(
        topic="edits", suffix="PCG_LOW_PRIORITY_REMESH", ack_deadline_s=600, message_filter=_LOW
    ),
    "l2cache-high": SubscriptionRole(
        topic="edits", suffix="L2CACHE_HIGH_PRIORITY_TRIGGER", ack_deadline_s=600, message_filter=_HIGH
    ),
    "l2cache-low": SubscriptionRole(
        topic="edits", suffix="L2CACHE_LOW_PRIORITY_TRIGGER", ack_deadline_s=600, message_filter=_LOW
    ),
    "l2cache": SubscriptionRole(topic="l2cache", suffix="L2CACHE_WORKER", ack_deadline_s=60),
    "skeletons-high": SubscriptionRole(
        topic="skeletons-high", suffix="SKELETON_CACHE_WORKER_HIGH_PRIORITY", ack_deadline_s=600
    ),
    "skeletons-low": SubscriptionRole(
        topic="skeletons-low", suffix="SKELETON_CACHE_WORKER_LOW_PRIORITY", ack_deadline_s=600
    ),
    "skeletons-dead": SubscriptionRole(
        topic="skeletons-dead", suffix="SKELETON_CACHE_WORKER_DEAD_LETTER", ack_deadline_s=600
    ),
}
"""Role of a subscription to what it is. Skeletons that can't be made go to the dead-letter topic of skeletons."""


def subscriptions_in_use(workloads: Iterable[Workload]) -> Mapping[str, SubscriptionRole]:
    """The subscriptions that somebody reads, by role: in any other, messages would wait until they are thrown away."""
    read = {role for workload in workloads for role in subscriptions(workload.service)}
    return {role: queue for role, queue in SUBSCRIPTIONS.items() if role in read}


def topics_in_use(workloads: Iterable[Workload]) -> frozenset[str]:
    """Roles of the topics that somebody publishes to or reads from."""
    return frozenset(use.topic for workload in workloads for use in workload.service.stores.messages)
