"""Routers of resources: they read bodies by our rules, and are passed over where a path is another resource's.

A router asks each of its routes in turn whether a path is its own. With all resources under three mounts that would
take longer than most answers, so each router first looks at the one segment that names the resource.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from fastapi import APIRouter
from fastapi.params import Depends
from fastapi.routing import APIRoute
from starlette.routing import Match, Route
from starlette.types import Scope

from karst_clio.web.bodies import JsonRoute
from karst_clio.web.operations import describe
from karst_clio.web.paths import RESOURCE


class Routes(APIRouter):
    """The routes of one resource."""

    def __init__(
        self,
        *,
        prefix: str = "",
        tags: list[str] | None = None,
        dependencies: Sequence[Depends] | None = None,
        is_in_schema: bool = True,
    ) -> None:
        super().__init__(
            prefix=prefix,
            tags=[*tags] if tags is not None else None,
            dependencies=dependencies,
            route_class=JsonRoute,
            include_in_schema=is_in_schema,
        )
        self._segments: frozenset[str] | None = None

    def add_api_route(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:  # noqa: ANN401 - FastAPI's
        """Add a route, and to the API's document what follows from it."""
        super().add_api_route(path, endpoint, **options)
        added = self.routes[-1]
        if isinstance(added, APIRoute):
            describe(added)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether one of the routes answers this request, as far as its path goes."""
        if self._segments is None:
            self._segments = frozenset(route.path.split("/")[1] for route in self.routes if isinstance(route, Route))
        resource = scope.get(RESOURCE)
        if resource is not None and resource not in self._segments:
            return Match.NONE, {}
        return super().matches(scope)
