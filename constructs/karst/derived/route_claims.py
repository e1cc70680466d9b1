"""What each service wants to answer: every path of a deployment with the process behind it, before any choice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from karst.cluster_names import object_name
from karst.config.service_routes import Routes, under
from karst.derived.workloads import Workload
from karst.gcp.routes import precision

ALL_BELOW = "/**"
_WILDCARDS = {"*", "**"}


@dataclass(frozen=True, kw_only=True)
class Target:
    """A process that the edge sends requests to, once for each way of doing so."""

    workload: Workload
    process: str
    is_sticky: bool = False
    """Whether a client stays with one replica."""

    @cached_property
    def key(self) -> str:
        """Stable name of its back end."""
        return object_name(self.workload, self.process) + ("-sticky" if self.is_sticky else "")


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One path that a service wants to answer."""

    path: str
    target: Target
    precedence: int = 0
    is_write: bool = False

    @property
    def service(self) -> str:
        """Name of who makes it."""
        return self.target.workload.name

    @property
    def rank(self) -> tuple[int, tuple[list[int], str]]:
        """Sort key in the order in which paths are tried."""
        return -self.precedence, precision(self.path)


def claims(workloads: Iterable[Workload]) -> Iterator[Claim]:
    """Every path of every service, once for each service and target."""
    routed = [each for each in workloads if each.service.routes is not None]
    seen: set[tuple[str, str]] = set()
    for workload in routed:
        for claim in _claims_of(workload, routed):
            if (claim.path, claim.target.key) not in seen:
                seen.add((claim.path, claim.target.key))
                yield claim
    yield from _doubled(routed)


def _claims_of(workload: Workload, routed: Sequence[Workload]) -> Iterator[Claim]:
    routes = workload.service.routes
    if routes is None:
        return
    for prefix, is_sticky in ((routes.prefix, False), (routes.sticky_prefix, True)):
        if prefix is None:
            continue
        for process, declared, is_write in (
            (routes.write_process, routes.writes, True),
            (routes.read_process, routes.reads, False),
        ):
            target = Target(workload=workload, process=process, is_sticky=is_sticky)
            for route in declared:
                for path in _spellings(under(prefix, route.pattern)):
                    yield Claim(path=path, target=target, precedence=route.precedence, is_write=is_write)
        if _owns(workload, prefix, routed, is_sticky=is_sticky):
            yield from _prefix(
                prefix, routes, Target(workload=workload, process=routes.read_process, is_sticky=is_sticky)
            )


def _owns(workload: Workload, prefix: str, routed: Sequence[Workload], *, is_sticky: bool) -> bool:
    """Whether all below the prefix is the service's, and not just the paths that it names."""
    routes = workload.service.routes
    yields = any(_declares_rest(other, prefix) for other in routed if other is not workload)
    names_paths = routes is not None and bool(routes.reads or routes.writes) and not is_sticky
    return prefix != "/" and not (yields and names_paths)


def _doubled(routed: Sequence[Workload]) -> Iterator[Claim]:
    """`//info/...`, as clients ask where their users wrote the host with a slash at its end.

    All below such a prefix has one target, for lists of writes would fill the table: whoever takes its writes.
    """
    found: dict[str, tuple[tuple[bool, bool], Target]] = {}
    for workload in routed:
        routes = workload.service.routes
        if routes is None:
            continue
        for prefix, is_sticky in ((routes.prefix, False), (routes.sticky_prefix, True)):
            if prefix is None or prefix == "/":
                continue
            process = routes.write_process if routes.writes else routes.read_process
            fitness = bool(routes.writes), _owns(workload, prefix, routed, is_sticky=is_sticky)
            if prefix not in found or fitness > found[prefix][0]:
                found[prefix] = fitness, Target(workload=workload, process=process, is_sticky=is_sticky)
    for prefix, (_, target) in sorted(found.items()):
        for path in (f"/{prefix}", f"/{prefix}{ALL_BELOW}"):
            yield Claim(path=path, target=target)


def _prefix(prefix: str, routes: Routes, target: Target) -> Iterator[Claim]:
    lowest = min((route.precedence for route in (*routes.reads, *routes.writes)), default=0)
    for path in (prefix, prefix + ALL_BELOW):
        yield Claim(path=path, target=target, precedence=min(lowest, 0))


def _declares_rest(workload: Workload, prefix: str) -> bool:
    routes = workload.service.routes
    if routes is None or prefix not in (routes.prefix, routes.sticky_prefix):
        return False
    return any(route.pattern == ALL_BELOW for route in routes.reads)


def _spellings(path: str) -> tuple[str, ...]:
    """A path as clients write it. A wildcard for the rest and the root have one spelling."""
    return (path,) if path.endswith(("/**", "/")) else (path, f"{path}/")


def that_may_meet(made: Iterable[Claim]) -> Iterator[list[Claim]]:
    """Claims in the order in which they are tried; apart by their first segment, where no path matches two groups."""
    groups: defaultdict[str, list[Claim]] = defaultdict(list)
    for claim in made:
        groups[claim.path.split("/")[1]].append(claim)
    if _WILDCARDS & groups.keys():
        groups = defaultdict(list, {"": [claim for group in groups.values() for claim in group]})
    for _, group in sorted(groups.items()):
        yield sorted(group, key=lambda claim: claim.rank)
