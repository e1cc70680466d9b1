"""Checks what no single value can show: fields against each other, files against each other, deployments side by side.

`check_environments` is the door; each module holds the rules of one subject as functions that yield problems.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from karst.config.errors import Problem, raise_if_any
from karst.config.loader import Environment, load_environments
from karst.config.rules import (
    alerts,
    claims,
    datasets,
    existing_stores,
    generations,
    hosts,
    kinds,
    names,
    network,
    pools,
    queues,
    quotas,
    references,
    secret_files,
    secrets,
    service_choices,
    services,
    stores,
    upstream_images,
)
from karst.derived.workloads import Catalog

Environments = Mapping[str, Environment]

WITHIN_ONE: tuple[Callable[[Environment], Iterator[Problem]], ...] = (
    kinds.problems,
    network.problems,
    pools.problems,
    generations.problems,
    hosts.problems,
    names.problems,
    stores.problems,
    datasets.problems,
    references.problems,
    secrets.problems,
    alerts.problems,
)
BETWEEN_ALL: tuple[Callable[[Environments], Iterator[Problem]], ...] = (
    network.problems_between,
    hosts.problems_between,
    names.problems_between,
    names.problems_in_one_project,
    stores.problems_between,
    claims.problems_between,
    quotas.problems_between,
)

OF_WORKLOADS: tuple[Callable[[Environment, Catalog], Iterator[Problem]], ...] = (
    pools.problems_of_workloads,
    queues.problems_of_workloads,
    existing_stores.problems_of_workloads,
    upstream_images.problems_of_workloads,
    service_choices.problems_of_workloads,
    secret_files.problems_of_workloads,
)
"""What shows only when the declarations of all services that a deployment runs are seen together."""


def check_environments(environments: Environments, known: services.KnownServices | None = None) -> None:
    """Raise `ConfigError` with every rule that these deployments break, each alone or together.

    Choices of services are checked where `known` says which there are; whether these fit on the pools, read each
    other's queues and reach their stores, where it holds their declarations.
    """
    problems = [found for one in environments.values() for rule in WITHIN_ONE for found in rule(one)]
    problems += [found for rule in BETWEEN_ALL for found in rule(environments)]
    if known is not None:
        problems += [found for one in environments.values() for found in services.problems(one, known)]
        if known.catalog is not None:
            for rule in OF_WORKLOADS:
                problems += [found for one in environments.values() for found in rule(one, known.catalog)]
    raise_if_any(problems)


def load_checked(root: Path, known: services.KnownServices | None = None) -> dict[str, Environment]:
    """All deployments under `root`, read and checked: what every program that builds on them calls."""
    environments = load_environments(root)
    check_environments(environments, known)
    return environments
