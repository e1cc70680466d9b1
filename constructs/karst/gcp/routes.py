"""Which path goes to which service: the route table of a load balancer, and what makes one impossible or unsafe.

The load balancer itself would accept a table in which a route can never match, or in which a write ends at a reader.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

MOST_ROUTES = 1000
"""Routes in one table."""
MOST_TEMPLATES = 100
"""Those among them that only a template says."""
_MOST_WILDCARDS = 5
_LONGEST_PATH = 255
_STEP = 10


@dataclass(frozen=True, kw_only=True)
class Route:
    """One path template and the back end that answers it.

    In a template, `*` stands for one segment and `**` for any number of them, the empty one after a trailing slash
    included: `/clio/**` takes `/clio/` and all below it, but not `/clio`.
    """

    path: str
    backend: str
    """Key of the back end in the load balancer's own table."""
    priority: int
    """The lowest number that matches wins; unique in a table."""
    is_write: bool = False
    """Whether requests change data and therefore must not end at a reader."""
    precedence: int = 0
    """Orders a table before precision does; higher is tried first."""
    timeout_s: int = 60
    """Until the last byte of the answer; longer than the service's own limit, shorter than the client's."""


def by_precision(routes: Iterable[Route]) -> tuple[Route, ...]:
    """Give routes priorities that put the more precise template first, whatever order they came in.

    Priorities are ten apart, in the order literal segment, `*`, `**`; a new route renumbers those after it. A higher
    precedence goes before all of that.
    """
    ordered = sorted(routes, key=lambda route: (-route.precedence, *precision(route.path)))
    return tuple(replace(route, priority=(place + 1) * _STEP) for place, route in enumerate(ordered))


def check_routes(routes: Sequence[Route], backends: Iterable[str]) -> None:
    """Refuse a table that the load balancer would take and then not serve as it reads.

    Raises `ValueError` for a malformed template, an unknown back end, a priority or a path given twice, a route that an
    earlier one hides, a write of which an earlier read of another back end would take a part, and for more routes or
    templates than fit.
    """
    _check_size(routes)
    known = sorted(backends)
    for route in routes:
        check_path(route.path)
        if route.backend not in known:
            raise ValueError(
                f"route {route.path!r} goes to the unknown back end {route.backend!r}; known: {', '.join(known)}"
            )
        if not 0 <= route.priority < 2**31:
            raise ValueError(f"route {route.path!r}: priority must be from 0 to 2147483647, not {route.priority}")
        if route.timeout_s < 1:
            raise ValueError(f"route {route.path!r}: timeout_s must be at least 1, not {route.timeout_s}")
    for earlier, later in combinations(sorted(routes, key=lambda route: (route.priority, route.path)), 2):
        _check_pair(earlier, later)


def prefix_of(path: str) -> str | None:
    """What all paths of a template begin with, where that is all it says: `/clio/` of `/clio/**`, else nothing."""
    stem = path.removesuffix("**")
    return stem if path.endswith("/**") and "*" not in stem else None


def is_template(path: str) -> bool:
    """Whether only a template says this; a load balancer takes few of them, and ten times as many exact paths."""
    return "*" in path and prefix_of(path) is None


def precision(path: str) -> tuple[list[int], str]:
    """Sort key that puts the more precise template first."""
    return _vagueness(path), path


def covers(wide: str, narrow: str) -> bool:
    """Whether every path that matches `narrow` also matches `wide`."""
    return _covers(_segments(wide), _segments(narrow))


def overlap(one: str, other: str) -> bool:
    """Whether some path matches both templates."""
    return _overlap(_segments(one), _segments(other))


def _check_size(routes: Sequence[Route]) -> None:
    templates = sum(is_template(route.path) for route in routes)
    if templates > MOST_TEMPLATES:
        raise ValueError(
            f"{templates} routes have a wildcard before their end: the load balancer takes {MOST_TEMPLATES}. Let "
            "fewer services answer writes in a process of their own"
        )
    if len(routes) > MOST_ROUTES:
        raise ValueError(f"{len(routes)} routes: the load balancer takes {MOST_ROUTES}. Run fewer services")


def _check_pair(earlier: Route, later: Route) -> None:
    first, second = _segments(earlier.path), _segments(later.path)
    if first == second:
        raise ValueError(f"route {later.path!r} is claimed twice, by {earlier.backend!r} and by {later.backend!r}")
    if earlier.priority == later.priority:
        raise ValueError(
            f"routes {earlier.path!r} and {later.path!r} both have priority {later.priority}: give each its own"
        )
    if _covers(first, second):
        kind = "write route" if later.is_write else "route"
        raise ValueError(
            f"{kind} {later.path!r} (priority {later.priority}) is hidden by {earlier.path!r} (priority "
            f"{earlier.priority}), which takes all its requests: give it a lower number"
        )
    if later.is_write and not earlier.is_write and later.backend != earlier.backend and _overlap(first, second):
        raise ValueError(
            f"some requests of the write route {later.path!r} (priority {later.priority}) go to the read route "
            f"{earlier.path!r} (priority {earlier.priority}): give the write route a lower number"
        )


def check_path(path: str) -> None:
    """Refuse a template that the load balancer does not take. Raises `ValueError`."""
    if not path.startswith("/") or len(path) > _LONGEST_PATH or any(c in path for c in "?#{}= "):
        raise ValueError(
            f"route path {path!r} must begin with '/', have at most {_LONGEST_PATH} characters and none of '?#{{}}= '"
        )
    segments = _segments(path)
    for segment in segments:
        if "*" in segment and segment not in ("*", "**"):
            raise ValueError(
                f"route path {path!r}: a wildcard stands for a whole segment, write '*' instead of {segment!r}"
            )
    wildcards = [segment for segment in segments if segment in ("*", "**")]
    if wildcards.count("**") > 1:
        raise ValueError(f"route path {path!r} has '**' twice: the load balancer takes one")
    if "**" in wildcards[:-1]:
        raise ValueError(f"route path {path!r} has a wildcard after '**': '**' must be the last one")
    if len(wildcards) > _MOST_WILDCARDS:
        raise ValueError(f"route path {path!r} has {len(wildcards)} wildcards: at most {_MOST_WILDCARDS} are allowed")


def _segments(path: str) -> tuple[str, ...]:
    return tuple(path.removeprefix("/").split("/"))


def _vagueness(path: str) -> list[int]:
    # The end counts as vaguer than any segment, so that `/a/**/b` comes before `/a/**`.
    return [*({"*": 1, "**": 2}.get(segment, 0) for segment in _segments(path)), 3]


def _covers(wide: tuple[str, ...], narrow: tuple[str, ...]) -> bool:
    """Whether every path that matches `narrow` also matches `wide`."""
    if not wide or not narrow:
        return wide == narrow
    if wide[0] == "**":
        tail = wide[1:]
        return len(narrow) > len(tail) and narrow[len(narrow) - len(tail) :] == tail
    if narrow[0] == "**":
        return False
    matches = wide[0] == narrow[0] or (wide[0] == "*" and narrow[0] != "")
    return matches and _covers(wide[1:], narrow[1:])


def _overlap(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether some path matches both templates."""
    if not one or not other:
        return one == other
    if not _can_equal(one[0], other[0]):
        return False
    rests_of_one = [one[1:], one] if one[0] == "**" else [one[1:]]
    rests_of_other = [other[1:], other] if other[0] == "**" else [other[1:]]
    # Both wildcards staying where they are would consume a segment and change nothing.
    return any(
        _overlap(rest, other_rest)
        for rest in rests_of_one
        for other_rest in rests_of_other
        if (rest, other_rest) != (one, other)
    )


def _can_equal(one: str, other: str) -> bool:
    if "**" in (one, other):
        return True
    if "*" in (one, other):
        return "" not in (one, other)
    return one == other
