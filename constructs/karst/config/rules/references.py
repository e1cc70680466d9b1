"""Rules of references: whatever names a dataset, datastack, pool or stack names one that is declared."""

from collections.abc import Collection, Iterator, Mapping

from karst.config.errors import Location, Problem, did_you_mean, show
from karst.config.loader import Environment
from karst.config.rules.names import stack_ids
from karst.config.types import DatasetState


def problems(environment: Environment) -> Iterator[Problem]:
    """References of `deployment.yaml` that lead nowhere."""
    removed = {name for name, one in environment.datasets.items() if one.state is DatasetState.REMOVED}
    live = environment.datasets.keys() - removed
    datastacks = {stack for name in live for stack in environment.datasets[name].datastacks}
    gone = {stack: name for name in sorted(removed) for stack in environment.datasets[name].datastacks}
    yield from _unknown(environment, "dataset", live, _named_datasets(environment), dict.fromkeys(removed, ""))
    yield from _unknown(environment, "datastack", datastacks, _named_datastacks(environment), gone)
    yield from _unknown(environment, "pool", environment.deployment.gcp.pools, _named_pools(environment), {})
    stacks = {stack for _, stack in stack_ids(environment)}
    imports = ((("imports", index, "stack"), one.stack) for index, one in enumerate(environment.deployment.imports))
    yield from _unknown(environment, "stack", stacks, imports, {})
    yield from _schedules_named_twice(environment)


def _unknown(
    environment: Environment,
    what: str,
    known: Collection[str],
    named: Iterator[tuple[Location, str]],
    removed: Mapping[str, str],
) -> Iterator[Problem]:
    """Names that are not `known`; of those in `removed`, what was removed: the name itself, or the dataset of it."""
    for location, name in named:
        if name in known:
            continue
        if name in removed:
            dataset = removed[name]
            owner = f"belongs to the dataset {show(dataset)}, which is removed" if dataset else "is removed"
            remedy = f"Take it out here, or bring it back: `state: active` in the file of {show(dataset or name)}."
            yield environment.problem(location, f"the {what} {show(name)} {owner}", remedy)
        else:
            remedy = did_you_mean(name, known, f"Declared {what}s")
            yield environment.problem(location, f"there is no {what} {show(name)}", remedy)


def _named_datasets(environment: Environment) -> Iterator[tuple[Location, str]]:
    for index, schedule in enumerate(environment.deployment.materialization.schedules):
        for position, name in enumerate(schedule.datasets):
            yield ("materialization", "schedules", index, "datasets", position), name


def _named_datastacks(environment: Environment) -> Iterator[tuple[Location, str]]:
    deployment = environment.deployment
    for index, name in enumerate(deployment.materialization.datastacks):
        yield ("materialization", "datastacks", index), name
    for section, chosen in (("guidebook", deployment.guidebook.datastack), ("canary", deployment.canary.datastack)):
        if chosen is not None:
            yield (section, "datastack"), chosen
    for name in deployment.dash.datastacks:
        yield ("dash", "datastacks", name), name


def _named_pools(environment: Environment) -> Iterator[tuple[Location, str]]:
    for service, choice in environment.deployment.services.items():
        if choice.pool is not None:
            yield ("services", service, "pool"), choice.pool


def _schedules_named_twice(environment: Environment) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, schedule in enumerate(environment.deployment.materialization.schedules):
        if schedule.name in seen:
            message = f"another schedule is called {show(schedule.name)} too"
            yield environment.problem(
                ("materialization", "schedules", index, "name"), message, "Rename one of the two."
            )
        seen.add(schedule.name)
