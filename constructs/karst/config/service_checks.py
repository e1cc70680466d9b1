"""What only shows with the declarations of all services in sight: calls, paths and queues that don't meet."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from karst.config.errors import Problem, did_you_mean, show_path
from karst.config.service_needs import Direction, MessageUse
from karst.config.service_routes import under

if TYPE_CHECKING:
    from karst.config.service import Service
    from karst.config.service_runtime import Process

_QUEUES_OPTION = re.compile(r"(-Q|--queues)(=(?P<names>.+))?")


def problems(services: Mapping[Path, Service]) -> Iterator[Problem]:
    """What is wrong with these declarations together."""
    yield from _unknown_calls(services)
    yield from _claimed_twice(services)
    for path, service in services.items():
        yield from _unread_queues(path, service)


def problem(path: Path, key: str, message: str, remedy: str) -> Problem:
    """A problem of the declaration at `path`."""
    return Problem(file=show_path(path), line=0, key=key, message=message, remedy=remedy)


def subscription_of(service: Service, use: MessageUse) -> str | None:
    """Role of the subscription that a service reads by this use, by default its own name; None where it publishes."""
    return (use.subscription or service.name) if use.direction is Direction.SUBSCRIBE else None


def subscriptions(service: Service) -> frozenset[str]:
    """Roles of the subscriptions that a service reads."""
    found = (subscription_of(service, use) for use in service.stores.messages)
    return frozenset(role for role in found if role is not None)


def celery_queues(process: Process) -> frozenset[str]:
    """Queues that the command of a Celery worker names: `-Q a,b`, `-Q=a`, `--queues=a`."""
    names: list[str] = []
    for argument, following in zip(process.command, (*process.command[1:], ""), strict=False):
        option = _QUEUES_OPTION.fullmatch(argument)
        if option is not None:
            names += (option["names"] or following).split(",")
    return frozenset(name for name in names if name)


def _unknown_calls(services: Mapping[Path, Service]) -> Iterator[Problem]:
    known = {service.name for service in services.values()}
    for path, service in services.items():
        for called in service.calls:
            if called not in known:
                yield problem(path, "calls", f"there is no service '{called}'", did_you_mean(called, known, "Services"))


def _claimed_twice(services: Mapping[Path, Service]) -> Iterator[Problem]:
    names: dict[str, Path] = {}
    claims: dict[str, tuple[Path, str]] = {}
    for path, service in services.items():
        first = names.setdefault(service.name, path)
        if first != path:
            yield problem(
                path, "name", f"'{service.name}' is also the name in {show_path(first)}", "Rename one of the two."
            )
        for pattern in sorted(_edge_patterns(service)):
            owner, name = claims.setdefault(pattern, (path, service.name))
            if owner != path:
                yield problem(
                    path, "routes", f"{pattern} is already a route of '{name}'", "Give one of the two another path."
                )


def _edge_patterns(service: Service) -> set[str]:
    if service.routes is None:
        return set()
    prefixes = [service.routes.prefix, *filter(None, [service.routes.sticky_prefix])]
    routes = (*service.routes.reads, *service.routes.writes)
    return {under(prefix, route.pattern) for prefix in prefixes for route in routes}


def _unread_queues(path: Path, service: Service) -> Iterator[Problem]:
    for name, process in sorted(service.processes.items()):
        queue = process.scaling.queue
        read = subscriptions(service) | celery_queues(process)
        if queue is not None and queue not in read:
            yield problem(
                path,
                f"processes.{name}.scaling.queue",
                f"replicas follow the queue '{queue}', which '{name}' does not read",
                f"{did_you_mean(queue, read, 'It reads')} Or subscribe to it under stores.messages, or name it behind "
                "-Q in the command.",
            )
