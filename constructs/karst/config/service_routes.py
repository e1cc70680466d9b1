"""Which URLs a service answers, in which order the load balancer tries them. Part of `service.yaml`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from karst.config.base import Model
from karst.config.service_runtime import ProcessName

PathPrefix = Annotated[str, StringConstraints(pattern=r"^/([A-Za-z0-9._~-]+(/[A-Za-z0-9._~-]+)*)?$", max_length=60)]
"""Where a service stands on its host: `/info`, or `/` for the landing page."""
PathTemplate = Annotated[
    str,
    StringConstraints(
        pattern=r"^/$|^(/([A-Za-z0-9._~-]+|\{[a-z_][a-z0-9_]*\}))*(/\{[a-z_][a-z0-9_]*:path\})?$",
        min_length=1,
        max_length=200,
    ),
]
"""A path as the application declares it: `{table}` is one segment, `{rest:path}` at the end is all that follows."""

_ONE, _REST = "*", "**"
_VARIABLE = re.compile(r"\{[a-z_][a-z0-9_]*(:path)?\}")


class Method(StrEnum):
    """The methods of HTTP that services use."""

    GET = "GET"
    HEAD = "HEAD"
    POST = "POST"
    PUT = "PUT"
    PATCH = "PATCH"
    DELETE = "DELETE"


class Route(Model):
    """One path of the service."""

    path: PathTemplate = Field(
        description="The path below the service's prefix, as the application declares it. Clients depend on it.",
        examples=["/api/v1/table/{table}/merge"],
    )
    methods: tuple[Method, ...] = Field(
        default=(Method.GET,),
        min_length=1,
        description="Methods it answers. Clients depend on them.",
        examples=[["GET", "POST"]],
    )
    precedence: int = Field(
        default=0,
        ge=-100,
        le=100,
        description="Higher is tried first; among equals, the more exact path. Changing it may send requests to "
        "another process.",
        examples=[10],
    )

    @property
    def pattern(self) -> str:
        """The path in the load balancer's words: `*` for one segment, `**` for the rest."""
        return _VARIABLE.sub(lambda found: _REST if found[1] else _ONE, self.path)


class Routes(Model):
    """All that a service answers, apart from its health paths (which are not routed from outside)."""

    prefix: PathPrefix = Field(
        description="Where the service stands on its host. Clients depend on it.", examples=["/info", "/"]
    )
    sticky_prefix: PathPrefix | None = Field(
        default=None,
        description="A second place where the load balancer keeps a client at one replica. Clients depend on it.",
        examples=["/sticky_auth"],
    )
    read_process: ProcessName = Field(
        default="web", description="The process that answers `reads`. Changing it moves the traffic.", examples=["web"]
    )
    write_process: ProcessName = Field(
        default="web",
        description="The process that answers `writes`. Changing it moves the traffic.",
        examples=["writer"],
    )
    reads: tuple[Route, ...] = Field(
        default=(),
        description="Routes that change nothing. Clients depend on them.",
        examples=[[{"path": "/api/v1/datasets"}]],
    )
    writes: tuple[Route, ...] = Field(
        default=(),
        description="Routes that change data. Clients depend on them.",
        examples=[[{"path": "/api/v1/table/{table}/merge", "methods": ["POST"]}]],
    )

    @model_validator(mode="after")
    def _each_request_has_one_answer(self) -> Self:
        claimed: set[tuple[str, Method]] = set()
        for route in (*self.reads, *self.writes):
            for method in route.methods:
                if (route.pattern, method) in claimed:
                    raise ValueError(f"the route {method} {route.path} is claimed twice. Remove one of the two")
                claimed.add((route.pattern, method))
        if self.sticky_prefix == self.prefix:
            raise ValueError(f"sticky_prefix and prefix are both '{self.prefix}'. Write another sticky_prefix, or none")
        return self

    @model_validator(mode="after")
    def _writes_reach_their_process(self) -> Self:
        if self.read_process == self.write_process:
            return self
        for write in self.writes:
            for read in self.reads:
                if covers(read.pattern, write.pattern) and _tried_before(read, write):
                    raise ValueError(
                        f"the write route {write.path} is hidden by the read route {read.path}: the edge tells "
                        "them apart by path alone. Give the write route a path of its own or a higher precedence"
                    )
        return self

    def in_order(self) -> Iterator[tuple[str, ProcessName, Route]]:
        """Pattern under the prefix, process and route, in the order in which the load balancer must try them."""
        every = [(route, self.write_process) for route in self.writes]
        every += [(route, self.read_process) for route in self.reads]
        for route, process in sorted(every, key=lambda pair: (-pair[0].precedence, exactness(pair[0].pattern))):
            yield under(self.prefix, route.pattern), process, route


def under(prefix: str, pattern: str) -> str:
    """`pattern` below `prefix`; a service at `/` keeps its paths."""
    return pattern if prefix == "/" else prefix if pattern == "/" else prefix + pattern


def exactness(pattern: str) -> tuple[tuple[int, str], ...]:
    """Sort key: exact paths come before those with `*`, those before `**`, longer before shorter."""
    weight = {_ONE: 1, _REST: 2}
    segments = [(weight.get(segment, 0), segment) for segment in pattern.strip("/").split("/")]
    return (*segments, (3, ""))


def covers(general: str, special: str) -> bool:
    """Whether every path that `special` matches is matched by `general` too."""
    theirs = special.strip("/").split("/")
    ours = general.strip("/").split("/")
    for place, segment in enumerate(ours):
        if segment == _REST:
            return len(theirs) > place
        if place >= len(theirs) or theirs[place] == _REST or segment not in (_ONE, theirs[place]):
            return False
    return len(ours) == len(theirs)


def _tried_before(read: Route, write: Route) -> bool:
    if read.precedence != write.precedence:
        return read.precedence > write.precedence
    return exactness(read.pattern) <= exactness(write.pattern)
