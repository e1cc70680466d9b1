"""Rules of secret files of other projects: none takes the place of a file that Karst itself gives a service."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from karst.config.errors import Problem, did_you_mean, show
from karst.config.loader import Environment
from karst.config.service_runtime import Runtime
from karst.derived.secret_classes import own_files, place_beside
from karst.derived.secrets import reads_extra
from karst.derived.workloads import Catalog, UnknownServiceError, Workload, workloads


def problems_of_workloads(environment: Environment, catalog: Catalog) -> Iterator[Problem]:
    """Files that would hide one that a service needs, and files for services that never see them."""
    yield from _for_nobody(environment, catalog)
    try:
        running = workloads(environment.deployment, catalog)
    except UnknownServiceError:
        # A choice that can't be met is a problem of its own; until it is mended nobody knows what runs.
        return
    for number, extra in enumerate(environment.deployment.secrets.extra):
        readers = (one for one in running if reads_extra(one, extra))
        found = (problem for one in readers for problem in _misfit(environment, running, one, number, extra.name))
        # What holds for one service that reads graphs mostly holds for all.
        yield from islice(found, 1)


def _misfit(
    environment: Environment, running: tuple[Workload, ...], workload: Workload, number: int, name: str
) -> Iterator[Problem]:
    if name in own_files(environment.deployment, workload, running):
        yield _taken(environment, number, f"Karst gives {show(workload.name)} a secret of this name")
    elif (path := place_beside(workload, name)) in workload.service.config_files:
        yield _taken(environment, number, f"Karst writes {path} of {show(workload.name)} itself")
    elif workload.runtime is Runtime.CLOUDRUN:
        message = f"{show(workload.name)} runs on Cloud Run, where no files of other projects are mounted"
        yield environment.problem(("secrets", "extra", number, "services"), message, "Take it out here.")


def _taken(environment: Environment, number: int, message: str) -> Problem:
    return environment.problem(("secrets", "extra", number, "name"), message, "Give the file another name.")


def _for_nobody(environment: Environment, catalog: Catalog) -> Iterator[Problem]:
    known = catalog.ours.keys() | catalog.upstream.keys()
    for number, extra in enumerate(environment.deployment.secrets.extra):
        for position, name in enumerate(extra.services):
            if name not in known:
                location = ("secrets", "extra", number, "services", position)
                yield environment.problem(
                    location, f"there is no service {show(name)}", did_you_mean(name, known, "Services")
                )
