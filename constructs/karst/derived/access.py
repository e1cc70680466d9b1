"""What each workload may touch: the stores that its declaration names, as the grants that a stack makes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from karst.config.service_checks import subscription_of
from karst.config.service_needs import Access, Direction, Scope
from karst.derived.workloads import Workload


@dataclass(frozen=True, kw_only=True, order=True)
class Grant:
    """One workload's access to one store."""

    workload: str
    kind: str
    """relational, documents, tables, objects, cache or analytics."""
    store: str
    access: Access


@dataclass(frozen=True, kw_only=True, order=True)
class QueueGrant:
    """One workload's end of a topic."""

    workload: str
    topic: str
    direction: Direction
    subscription: str | None
    """Role of the one that is read; None for who publishes."""


def store_grants(workloads: Iterable[Workload], scope: Scope) -> Mapping[tuple[str, str], tuple[Grant, ...]]:
    """(kind, store) to the grants on it, of the stores that stand once a deployment or once in each dataset."""
    found: dict[tuple[str, str], set[Grant]] = {}
    for workload in workloads:
        for kind, use in workload.service.stores.all_of():
            if use.scope is scope:
                grant = Grant(workload=workload.name, kind=kind, store=use.name, access=use.access)
                found.setdefault((kind, use.name), set()).add(grant)
    return {key: tuple(sorted(grants)) for key, grants in sorted(found.items())}


def queue_grants(workloads: Iterable[Workload]) -> tuple[QueueGrant, ...]:
    """Who publishes to and who reads from which topic."""
    found = {
        QueueGrant(
            workload=workload.name,
            topic=use.topic,
            direction=use.direction,
            subscription=subscription_of(workload.service, use),
        )
        for workload in workloads
        for use in workload.service.stores.messages
    }
    return tuple(
        sorted(found, key=lambda grant: (grant.topic, grant.direction, grant.subscription or "", grant.workload))
    )


def users_of(workloads: Iterable[Workload], kind: str) -> tuple[str, ...]:
    """Names of the workloads that touch a kind of store at all."""
    return tuple(
        sorted(
            {
                workload.name
                for workload in workloads
                if any(each == kind for each, _ in workload.service.stores.all_of())
            }
        )
    )
