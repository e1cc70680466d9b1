"""Which path of a deployment's host goes to which process: the edge's table, from what services declare.

A service owns its prefix and all below it, and its read process answers there. Where another service of the same prefix
declares the whole rest, it gets no more than the paths it names. Paths that change data are told apart by the path
alone, as the load balancer sees it; each is listed with and without a slash at its end, for services answer both.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from karst.cluster_names import main_process
from karst.config.rules.services import LANDING
from karst.config.service_runtime import Runtime
from karst.derived.route_claims import ALL_BELOW, Claim, Target, claims, that_may_meet
from karst.derived.workloads import Workload
from karst.gcp.routes import (
    MOST_ROUTES,
    MOST_TEMPLATES,
    Route,
    by_precision,
    check_path,
    check_routes,
    covers,
    is_template,
    overlap,
)


@dataclass(frozen=True, kw_only=True)
class RouteTable:
    """What the load balancer is told."""

    routes: tuple[Route, ...]
    targets: Mapping[str, Target]
    """By the key that routes use. Whoever answers the rest is among them."""
    default: str


@dataclass(frozen=True, kw_only=True, order=True)
class RouteProblem:
    """Something that keeps a table from working as its services read."""

    service: str
    message: str
    remedy: str

    def __str__(self) -> str:
        return f"services.{self.service}: {self.message}. {self.remedy}"


def route_table(workloads: Iterable[Workload]) -> RouteTable:
    """Routes and their targets. Raises `ValueError` with every problem that the declarations have with each other."""
    every = tuple(workloads)
    found = list(route_problems(every))
    if found:
        raise ValueError("\n".join(str(problem) for problem in found))
    landing = _landing_target(every)
    needed = list(_needed(claims(every), landing))
    targets = {claim.target.key: claim.target for claim in needed} | {landing.key: landing}
    routes = by_precision(_route(claim) for claim in needed)
    check_routes(routes, targets)
    return RouteTable(routes=routes, targets=dict(sorted(targets.items())), default=landing.key)


def route_problems(workloads: Iterable[Workload]) -> Iterator[RouteProblem]:
    """What is wrong with the table of a deployment, by service; nothing where `route_table` gives one."""
    every = sorted(workloads, key=lambda each: each.name)
    of_landing = list(_landing_problems(every))
    yield from of_landing
    yield from _sticky_problems(every)
    clashes = sorted(set(_claimed_twice(every))) or sorted(set(_hidden(claims(every))))
    yield from clashes
    if not of_landing and not clashes:
        yield from _unfit(list(_needed(claims(every), _landing_target(every))))


def _landing_problems(workloads: Sequence[Workload]) -> Iterator[RouteProblem]:
    landing = next((each for each in workloads if each.name == LANDING), None)
    if landing is None:
        yield RouteProblem(
            service=LANDING, message="nothing answers what no service does", remedy="Let the landing page run."
        )
    elif landing.runtime is not Runtime.CLOUDRUN:
        yield RouteProblem(
            service=LANDING,
            message="answers what no service does, and must do so while a cluster is replaced",
            remedy="Write runtime: cloudrun, and image: {source: karst} where upstream's is chosen.",
        )


def _sticky_problems(workloads: Sequence[Workload]) -> Iterator[RouteProblem]:
    for workload in workloads:
        routes = workload.service.routes
        if routes is not None and routes.sticky_prefix is not None and workload.runtime is Runtime.CLOUDRUN:
            yield RouteProblem(
                service=workload.name,
                message=f"the load balancer can't keep a client of {routes.sticky_prefix} at one instance of Cloud Run",
                remedy="Write runtime: gke.",
            )


def _claimed_twice(workloads: Sequence[Workload]) -> Iterator[RouteProblem]:
    first: dict[str, Claim] = {}
    for claim in claims(workloads):
        other = first.setdefault(_plain(claim.path), claim)
        if other.service != claim.service:
            yield RouteProblem(
                service=claim.service,
                message=f"{_plain(claim.path.removesuffix(ALL_BELOW))} is already a path of '{other.service}'",
                remedy="Give one of the two another path, or write enabled: false for it.",
            )


def _hidden(made: Iterable[Claim]) -> Iterator[RouteProblem]:
    """Paths that another service's more preferred ones take away, wholly or, of writes, in part."""
    for group in that_may_meet(made):
        if len({claim.target.key for claim in group}) == 1:
            continue  # most groups: hundreds of paths below a prefix that is one service's own
        for place, later in enumerate(group):
            for earlier in group[:place]:
                if earlier.target.key != later.target.key and _takes(earlier, later):
                    yield RouteProblem(
                        service=later.service,
                        message=f"the {'write route' if later.is_write else 'route'} {_plain(later.path)} is hidden by "
                        f"{_plain(earlier.path)} of '{earlier.service}', which is tried first",
                        remedy="Give it a higher precedence, or a path of its own.",
                    )


def _unfit(needed: Sequence[Claim]) -> Iterator[RouteProblem]:
    """Paths that the load balancer does not take, and more of them than it takes; told of who has the most."""
    for claim in needed:
        try:
            check_path(claim.path)
        except ValueError as error:
            yield RouteProblem(service=claim.service, message=str(error), remedy="Shorten it in the declaration.")
    for found, most, what in (
        (
            [claim for claim in needed if is_template(claim.path)],
            MOST_TEMPLATES,
            "paths with a {name} before their end",
        ),
        (needed, MOST_ROUTES, "paths"),
    ):
        if len(found) > most:
            ((service, count),) = Counter(claim.service for claim in found).most_common(1)
            yield RouteProblem(
                service=service,
                message=f"the load balancer takes {most} {what}, but there are {len(found)}, {count} of them for this "
                "service",
                remedy="Let it answer writes in the process of its reads, or run fewer services.",
            )


def _takes(earlier: Claim, later: Claim) -> bool:
    if later.is_write and not earlier.is_write:
        return overlap(earlier.path, later.path)
    return covers(earlier.path, later.path)


def _needed(made: Iterable[Claim], default: Target) -> Iterator[Claim]:
    """Leave out what changes nothing: a path whose requests end at the same target without it."""
    rest = Claim(path=ALL_BELOW, target=default, precedence=-1000)
    for group in that_may_meet(made):
        kept: list[Claim] = [rest]
        for claim in reversed(group):
            following = next(each for each in reversed(kept) if _decides(each, claim))
            if following.target.key != claim.target.key or not covers(following.path, claim.path):
                kept.append(claim)
        ordered = kept[:0:-1]
        for place, claim in enumerate(ordered):
            if not any(covers(earlier.path, claim.path) for earlier in ordered[:place]):
                yield claim


def _decides(following: Claim, claim: Claim) -> bool:
    return covers(following.path, claim.path) or (
        following.target.key != claim.target.key and overlap(following.path, claim.path)
    )


def _plain(path: str) -> str:
    return path.rstrip("/") or "/"


def _landing_target(workloads: Iterable[Workload]) -> Target:
    landing = next(each for each in workloads if each.name == LANDING)
    return Target(workload=landing, process=main_process(landing))


def _route(claim: Claim) -> Route:
    return Route(
        path=claim.path,
        backend=claim.target.key,
        priority=0,
        is_write=claim.is_write,
        precedence=claim.precedence,
        timeout_s=claim.target.workload.service.timeouts.edge_s,
    )
