"""Rules of upstream's images: what their programs can't do, a deployment that runs them must not ask of them."""

from __future__ import annotations

from collections.abc import Iterator

from karst.config.errors import Problem, choices, show
from karst.config.loader import Environment
from karst.config.rules.existing_stores import users_of_redis
from karst.config.service_runtime import ImageOrigin
from karst.config.types import Manage
from karst.derived.redis import redis_access, redis_roles
from karst.derived.workloads import Catalog, UnknownServiceError, Workload, workloads
from karst.naming import Names

DEFAULT_DATABASE = "(default)"
_ONLY_LOGS = frozenset({"pychunkedgraph", "pychunkedgraph-read"})
"""They write into the document database only where they record requests."""


def problems_of_workloads(environment: Environment, catalog: Catalog) -> Iterator[Problem]:
    """Stores that images of upstream use and can't reach."""
    try:
        running = workloads(environment.deployment, catalog)
    except UnknownServiceError:
        # A choice that can't be met is a problem of its own; until it is mended nobody knows what runs.
        return
    upstream = tuple(one for one in running if one.service.image.source is ImageOrigin.UPSTREAM)
    for role in redis_roles(environment.deployment.kinds):
        yield from _closed_redis(environment, role, users_of_redis(upstream, role))
    yield from _named_database(environment, upstream)


def _closed_redis(environment: Environment, role: str, users: list[str]) -> Iterator[Problem]:
    """A Redis that asks for TLS or a password."""
    settings, access = Names(environment.deployment).redis_settings(role), redis_access(environment.deployment, role)
    if not users or not (access.is_encrypted or access.password):
        return
    speak = "upstream's image of {} speaks" if len(users) == 1 else "upstream's images of {} speak"
    who, off = speak.format(choices(users, "and")), "or turn off what uses it (services.<name>.enabled: false)."
    if settings.manage is Manage.EXISTING:
        message = f"{who} to Redis without a password, and this names one"
        yield environment.problem(("redis", role, "auth"), message, f"Name an instance that asks for none, {off}")
        return
    message = f"{who} to Redis without TLS and password, and one that Karst makes asks for both"
    remedy = f"Write redis.{role}: {{manage: existing, name: ..., address: ...}} of one that asks for neither, {off}"
    yield environment.problem(("redis", role), message, remedy)


def _named_database(environment: Environment, upstream: tuple[Workload, ...]) -> Iterator[Problem]:
    """A database for links and records of requests that isn't the project's default one."""
    deployment = environment.deployment
    database = deployment.firestore.state.database
    is_logging = deployment.pychunkedgraph.request_logs.enabled
    users = [
        one.name
        for one in upstream
        if any(use.name == "state" for use in one.service.stores.documents)
        and (is_logging or one.name not in _ONLY_LOGS)
    ]
    if not users or database == DEFAULT_DATABASE:
        return
    opens = "upstream's image of {} opens" if len(users) == 1 else "upstream's images of {} open"
    message = f"{opens.format(choices(users, 'and'))} only {show(DEFAULT_DATABASE)}, never {show(database)}"
    yield environment.problem(
        ("firestore", "state", "database"), message, f"Write firestore.state.database: {DEFAULT_DATABASE}."
    )
