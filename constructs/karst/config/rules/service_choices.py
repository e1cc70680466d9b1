"""Rules of what single services are told: a choice must fit the service, and the deployment that makes it."""

from __future__ import annotations

from collections.abc import Iterator

from karst.config.errors import Location, Problem, choices, show
from karst.config.loader import Environment
from karst.config.service_runtime import ImageOrigin, Runtime, ScalingSignal
from karst.derived.processes import processes
from karst.derived.run_resources import run_size
from karst.derived.sql_login import is_administrator
from karst.derived.workloads import Catalog, UnknownServiceError, Workload, workloads
from karst.gcp.environment import SET_BY_CLOUD_RUN
from karst.naming import SQL_ROLES


def problems_of_workloads(environment: Environment, catalog: Catalog) -> Iterator[Problem]:
    """Choices that a service can't follow, or that would leave others without what they need."""
    try:
        running = workloads(environment.deployment, catalog)
    except UnknownServiceError:
        # A choice that can't be met is a problem of its own; until it is mended nobody knows what runs.
        return
    for workload in running:
        yield from _of_another_kind(environment, workload)
        yield from _misplaced(environment, workload)
        yield from _of_cloud_run(environment, workload)
        yield from _not_once(environment, workload)
        yield from _never_woken(environment, workload)
    yield from _without_roles(environment, running)


def _of_another_kind(environment: Environment, workload: Workload) -> Iterator[Problem]:
    """A service turned on where its stores are not made: they come with its kind."""
    if not workload.choice.enabled or workload.service.kinds & environment.deployment.kinds:
        return
    kinds = choices(sorted(kind.value for kind in workload.service.kinds))
    message = f"it belongs to the kind {kinds}, which brings its stores and isn't among this deployment's kinds"
    remedy = "Remove enabled, or add the kind to kinds."
    yield environment.problem(("services", workload.name, "enabled"), message, remedy)


def _misplaced(environment: Environment, workload: Workload) -> Iterator[Problem]:
    if workload.choice.runtime is None:
        return
    location: Location = ("services", workload.name, "runtime")
    if workload.runtime is Runtime.GKE:
        if not environment.deployment.runs_cluster:
            message = "this deployment has no cluster, for its only kind is clio"
            yield environment.problem(location, message, "Remove runtime.")
    elif workload.service.image.source is ImageOrigin.UPSTREAM:
        message = "upstream's image runs in a cluster only, for its secrets are filled into its pods"
        yield environment.problem(location, message, "Remove runtime.")
    elif len(workload.service.listening) != 1 or len(workload.service.processes) != 1:
        message = "Cloud Run takes a service with one process, which listens"
        yield environment.problem(location, message, "Remove runtime.")


def _of_cloud_run(environment: Environment, workload: Workload) -> Iterator[Problem]:
    """Sizes that Cloud Run hasn't got, variables that it sets itself."""
    if workload.runtime is not Runtime.CLOUDRUN:
        return
    for process in processes(workload) if workload.choice.resources else ():
        try:
            run_size(process.resources)
        except ValueError as error:
            message, _, remedy = str(error).partition(". ")
            yield environment.problem(("services", workload.name, "resources"), message, f"{remedy}.")
    if workload.choice.scaling is not None and workload.choice.scaling.target_cpu is not None:
        location: Location = ("services", workload.name, "scaling", "target_cpu")
        yield environment.problem(location, "Cloud Run counts requests, and nothing else", "Remove target_cpu.")
    for name in sorted(workload.choice.env.keys() & SET_BY_CLOUD_RUN):
        location = ("services", workload.name, "env", name)
        yield environment.problem(location, "Cloud Run sets it itself", "Remove it.")


def _not_once(environment: Environment, workload: Workload) -> Iterator[Problem]:
    """Two schedulers would start everything twice."""
    scaling = workload.choice.scaling
    if scaling is None or (scaling.min, scaling.max) == (1, 1):
        return
    if any(process.is_scheduler for process in workload.service.processes.values()):
        remedy = "Remove scaling; materialization: {paused: true} stops the one of materializations."
        yield environment.problem(("services", workload.name, "scaling"), "a scheduler runs exactly once", remedy)


def _never_woken(environment: Environment, workload: Workload) -> Iterator[Problem]:
    """Nothing wakes a process that sleeps in a cluster but a queue that fills."""
    scaling = workload.choice.scaling
    if scaling is None or scaling.min > 0 or workload.runtime is not Runtime.GKE:
        return
    found = [
        one
        for one in processes(workload)
        if not (one.is_scheduled or one.process.is_scheduler or one.scaling.signal is ScalingSignal.QUEUE)
    ]
    if found:
        message = f"is 0, and nothing would wake {show(found[0].name)}: only workers of a queue may sleep"
        remedy = "Write 1 or more; enabled: false stops a service."
        yield environment.problem(("services", workload.name, "scaling", "min"), message, remedy)


def _without_roles(environment: Environment, running: tuple[Workload, ...]) -> Iterator[Problem]:
    """Databases in which nobody has a role, for what makes the roles is turned off."""
    choice = environment.deployment.services.get(SQL_ROLES)
    users = [one.name for one in running if one.service.stores.relational and not is_administrator(one)]
    if choice is None or choice.enabled is not False or not users:
        return
    message = f"nobody gives {choices(users, 'and')} the roles with which they use databases"
    yield environment.problem(("services", SQL_ROLES, "enabled"), message, "Remove enabled.")
