"""Rules of queues: what a service publishes is read by another one, or it would pile up until it is thrown away."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from karst.config.errors import Problem, choices, show, whole
from karst.config.loader import Environment
from karst.config.service import Service
from karst.config.service_checks import subscriptions
from karst.config.service_needs import Direction
from karst.derived.messages import SUBSCRIPTIONS
from karst.derived.workloads import Catalog, UnknownServiceError, workloads


def problems_of_workloads(environment: Environment, catalog: Catalog) -> Iterator[Problem]:
    """Queues of a deployment that its services fill and nobody reads."""
    try:
        running = [workload.service for workload in workloads(environment.deployment, catalog)]
    except UnknownServiceError:
        # A choice that can't be met is a problem of its own; until it is mended nobody knows what runs.
        return
    read = {queue for service in running for queue in subscriptions(service)}
    could_read = _readers((*catalog.upstream.values(), *catalog.ours.values()))
    for topic, publishers in sorted(_publishers(running).items()):
        for queue in sorted(role for role, one in SUBSCRIPTIONS.items() if one.topic == topic and role not in read):
            readers = could_read.get(queue, ())
            message = (
                f"nobody reads the queue {show(queue)}, and {choices(publishers, 'and')} "
                f"{'fills' if len(publishers) == 1 else 'fill'} it"
            )
            run = f"Let {' or '.join(whole(name) for name in readers)} run" if readers else "Declare a reader"
            key = readers[0] if readers and readers[0] in environment.deployment.services else publishers[0]
            known = key in environment.deployment.services
            yield environment.problem(
                ("services", key) if known else ("services",), message, f"{run}, or turn off what fills it."
            )


def _publishers(services: Iterable[Service]) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for service in services:
        for use in service.stores.messages:
            if use.direction is Direction.PUBLISH:
                found.setdefault(use.topic, []).append(service.name)
    return found


def _readers(services: Iterable[Service]) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for service in services:
        for queue in subscriptions(service):
            if service.name not in found.setdefault(queue, []):
                found[queue].append(service.name)
    return found
