"""Rules of names that grow from other names: they stay within limits, and no two come out the same."""

from collections.abc import Iterator, Mapping

from karst.config.dataset import Dataset
from karst.config.errors import Location, Problem, show
from karst.config.loader import Environment
from karst.config.types import DatasetState, Kind
from karst.name_forms import dashed
from karst.naming import Names

POSTGRES_NAME_CHARS = 63
BIGTABLE_TABLE_CHARS = 50
FROZEN_SUFFIX = "__mat99999"
"""What a frozen copy of a datastack's database carries behind the datastack's name."""


def problems(environment: Environment) -> Iterator[Problem]:
    """What is wrong with the names of one deployment and its datasets."""
    yield from _equal_after_sanitising(environment)
    yield from _shared_accounts(environment)
    for file, dataset in environment.datasets.items():
        for location, message, remedy in _too_long(environment, dataset):
            yield environment.dataset_problem(file, location, message, remedy)


def problems_between(environments: Mapping[str, Environment]) -> Iterator[Problem]:
    """Stacks of different deployments that would have one name, and so one state."""
    owners: dict[str, tuple[str, str]] = {}
    stacks = [(one, label, stack) for one in environments.values() for label, stack in stack_ids(one)]
    for environment, label, stack in sorted(stacks, key=lambda each: (each[1] == "edge", each[0].name)):
        owner, owner_label = owners.setdefault(stack, (environment.name, label))
        if owner != environment.name:
            message = f"its {label} stack {show(stack)} has the name of the {owner_label} stack of {show(owner)}"
            yield environment.problem(("name",), message, "Rename one of the two deployments.")


def problems_in_one_project(environments: Mapping[str, Environment]) -> Iterator[Problem]:
    """Deployments of one project whose names begin alike: `api` + `blue-x` and `api-blue` + `x` name one account."""
    for one in environments.values():
        for other in environments.values():
            same_project = one.deployment.gcp.project == other.deployment.gcp.project
            if same_project and other.name.startswith(f"{one.name}-"):
                message = f"begins with the name of {show(one.name)} in the same project: names of resources could meet"
                yield other.problem(("name",), message, "Rename one of the two, or give it a project of its own.")


def stack_ids(environment: Environment) -> Iterator[tuple[str, str]]:
    """What each stack of a deployment is for, and its id."""
    stacks = Names(environment.deployment).stacks
    yield "foundation", stacks.foundation
    yield "run", stacks.run
    yield "edge", stacks.edge
    for name in environment.datasets:
        yield "dataset", stacks.dataset(name)
    for name in sorted(environment.deployment.generations) if environment.deployment.runs_cluster else ():
        yield "cluster", stacks.cluster(name)
        yield "addons", stacks.addons(name)
        yield "apps", stacks.apps(name)


def _equal_after_sanitising(environment: Environment) -> Iterator[Problem]:
    first: dict[str, str] = {}
    for name in environment.datasets:
        other = first.setdefault(dashed(name), name)
        if other != name:
            message = f"{show(name)} and {show(other)} both become {show(dashed(name))} in names of resources"
            yield environment.dataset_problem(name, ("name",), message, "Rename one of the two datasets.")
    pools: dict[str, str] = {}
    for key, pool in environment.deployment.gcp.pools.items():
        other = pools.setdefault(pool.name or key, key)
        if other != key:
            message = f"the pools {show(other)} and {show(key)} are both called {show(pool.name or key)}"
            yield environment.problem(("gcp", "pools", key), message, "Give one of the two another name.")


def _shared_accounts(environment: Environment) -> Iterator[Problem]:
    """An account that two services would keep: each has its own, with the rights of its own."""
    first: dict[str, str] = {}
    for name, choice in environment.deployment.services.items():
        if choice.account is not None and first.setdefault(choice.account, name) != name:
            message = f"{show(first[choice.account])} keeps the account {show(choice.account)} already"
            yield environment.problem(("services", name, "account"), message, "Remove one; that service gets its own.")


def _too_long(environment: Environment, dataset: Dataset) -> Iterator[tuple[Location, str, str]]:
    if dataset.state is DatasetState.REMOVED or Kind.LOCAL not in environment.deployment.kinds:
        return
    database = Names(environment.deployment).sql_database(dataset)
    if len(database) > POSTGRES_NAME_CHARS:
        message = (
            f"the database {show(database)} has {len(database)} characters, PostgreSQL allows {POSTGRES_NAME_CHARS}"
        )
        yield ("aligned_volume", "name"), message, "Shorten it, or write a shorter annotations.database."
    for graph, settings in dataset.graphs.items():
        table = settings.l2cache_table or f"l2cache_{graph}"
        if settings.l2cache and len(table) > BIGTABLE_TABLE_CHARS:
            message = f"its table {show(table)} has {len(table)} characters, Bigtable allows {BIGTABLE_TABLE_CHARS}"
            yield ("graphs", graph), message, "Write a shorter l2cache_table, or `l2cache: false`."
    for stack in dataset.datastacks:
        most = POSTGRES_NAME_CHARS - len(FROZEN_SUFFIX)
        if dataset.materialization.enabled and len(stack) > most:
            message = (
                f"{show(stack)} has {len(stack)} characters; with the version behind it {most} fit into PostgreSQL"
            )
            yield ("datastacks", stack), message, "Shorten it, or write `materialization: {enabled: false}`."
