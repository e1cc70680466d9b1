"""Rules of existing databases and caches: services find them by a private name, which needs their address."""

from __future__ import annotations

from collections.abc import Iterator

from karst.config.errors import Location, Problem, choices
from karst.config.loader import Environment
from karst.config.types import Manage
from karst.derived.redis import redis_roles
from karst.derived.workloads import Catalog, UnknownServiceError, Workload, workloads
from karst.naming import Names


def problems_of_workloads(environment: Environment, catalog: Catalog) -> Iterator[Problem]:
    """Existing instances that somebody uses, and whose address nobody wrote down."""
    try:
        running = workloads(environment.deployment, catalog)
    except UnknownServiceError:
        # A choice that can't be met is a problem of its own; until it is mended nobody knows what runs.
        return
    deployment, names = environment.deployment, Names(environment.deployment)
    databases = [one.name for one in running if one.service.stores.relational]
    if deployment.sql.manage is Manage.EXISTING and deployment.sql.address is None and databases:
        yield _unknown_address(environment, ("sql",), names.sql_host, databases)
    for role in redis_roles(deployment.kinds):
        settings, users = names.redis_settings(role), users_of_redis(running, role)
        if settings.manage is Manage.EXISTING and settings.address is None and users:
            yield _unknown_address(environment, ("redis", role), names.redis_host(role), users)


def users_of_redis(running: tuple[Workload, ...], role: str) -> list[str]:
    """Names of the services that use the Redis of a role."""
    return [one.name for one in running if any(use.name == role for use in one.service.stores.cache)]


def _unknown_address(environment: Environment, place: Location, host: str, users: list[str]) -> Problem:
    verb = "looks" if len(users) == 1 else "look"
    message = f"the instance exists, and {choices(users, 'and')} {verb} for it at {host}, which has no address"
    remedy = f"Write {'.'.join(map(str, place))}.address, its private IPv4 address, such as 10.144.0.5."
    return environment.problem((*place, "manage"), message, remedy)
