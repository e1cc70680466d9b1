"""Rules of queues: what a service publishes is read by another one, or it would be lost as it comes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from karst.config.errors import Problem, choices, show, whole
from karst.config.loader import Environment
from karst.config.service import Service
from karst.config.service_needs import Direction
from karst.derived.messages import SUBSCRIPTIONS, subscriptions_in_use
from karst.derived.workloads import Catalog, UnknownServiceError, workloads


def problems_of_workloads(environment: Environment, catalog: Catalog) -> Iterator[Problem]:
    """Topics that services of a deployment fill, and of which nobody reads any queue.

    One reader is enough: a queue that nobody reads isn't made, and the others get all that they ask for.
    """
    try:
        running = workloads(environment.deployment, catalog)
    except UnknownServiceError:
        # A choice that can't be met is a problem of its own; until it is mended nobody knows what runs.
        return
    read = {queue.topic for queue in subscriptions_in_use(running).values()}
    publishers = _holders((workload.service for workload in running), Direction.PUBLISH)
    readers = _holders((*catalog.upstream.values(), *catalog.ours.values()), Direction.SUBSCRIBE)
    chosen = environment.deployment.services
    for topic in sorted(publishers.keys() & {queue.topic for queue in SUBSCRIPTIONS.values()} - read):
        filling, could_read = publishers[topic], readers.get(topic, ())
        verb = "fills" if len(filling) == 1 else "fill"
        message = f"nobody reads what {choices(filling, 'and')} {verb} the topic {show(topic)} with"
        run = f"Let {' or '.join(map(whole, could_read))} run" if could_read else "Declare a reader"
        key = next((name for name in (*could_read, *filling) if name in chosen), None)
        location = ("services",) if key is None else ("services", key)
        yield environment.problem(location, message, f"{run}, or turn off what fills it.")


def _holders(services: Iterable[Service], direction: Direction) -> Mapping[str, list[str]]:
    """Topic to the services that hold this end of it, each once, in the order in which they come."""
    found: dict[str, list[str]] = {}
    for service in services:
        for use in service.stores.messages:
            if use.direction is direction and service.name not in found.setdefault(use.topic, []):
                found[use.topic].append(service.name)
    return found
