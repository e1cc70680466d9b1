"""How a deployment's edge treats its services: shares of the generations, and what would keep it from working."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from karst.config.deployment import Deployment
from karst.config.errors import Location, Problem
from karst.config.loader import Environment
from karst.config.types import GenerationState
from karst.derived.processes import serves
from karst.derived.routes import route_problems
from karst.derived.workloads import Catalog, UnknownServiceError, Workload, workloads

_ALL_TRAFFIC = 100


@dataclass(frozen=True, kw_only=True)
class EdgeProblem:
    """What a deployment has to change before its edge can be built."""

    location: Location
    """Where, in `deployment.yaml`."""
    message: str
    remedy: str

    def __str__(self) -> str:
        return f"{'.'.join(map(str, self.location))}: {self.message}. {self.remedy}"


def weights(deployment: Deployment) -> Mapping[str, int]:
    """Percent of the requests for each generation that may get any, by name; by default all for the active one."""
    chosen = deployment.edge.weights
    return {
        name: chosen.get(name, 0) if chosen else _ALL_TRAFFIC * (one.state is GenerationState.ACTIVE)
        for name, one in sorted(deployment.generations.items())
        if serves(one.state)
    }


def edge_problems(deployment: Deployment, running: Iterable[Workload]) -> Iterator[EdgeProblem]:
    """Routes that can't stand beside each other, and answers that take longer than the edge waits."""
    every = tuple(running)
    for problem in route_problems(every):
        yield EdgeProblem(location=("services", problem.service), message=problem.message, remedy=problem.remedy)
    longest = max((each.service.timeouts.edge_s for each in every if each.service.routes), default=0)
    if longest > deployment.edge.timeout_s:
        slow = sorted(each.name for each in every if each.service.timeouts.edge_s == longest and each.service.routes)
        yield EdgeProblem(
            location=("edge", "timeout_s"),
            message=f"{deployment.edge.timeout_s} s are less than the {longest} s that '{slow[0]}' may take",
            remedy=f"Write {longest} or more.",
        )


def check_edge(deployment: Deployment, running: Iterable[Workload]) -> None:
    """Raise `ValueError` with every problem."""
    found = [str(problem) for problem in edge_problems(deployment, running)]
    if found:
        raise ValueError("\n".join(found))


def problems(environment: Environment, catalog: Catalog) -> Iterator[Problem]:
    """The same, for `karst validate`. Choices that can't be met have their own rule, and are passed over here."""
    try:
        running = workloads(environment.deployment, catalog)
    except UnknownServiceError:
        return
    for problem in edge_problems(environment.deployment, running):
        yield environment.problem(problem.location, problem.message, problem.remedy)
