"""Routers of resources: they read bodies by our rules, of those who may send them, and pass over paths of others.

A router asks each of its routes in turn whether a path is its own. With all resources under three mounts that would
take longer than most answers, so each router first looks at the one segment that names the resource.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from fastapi import APIRouter
from fastapi.params import Depends
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import Scope

from karst_clio.web.bodies import JsonRoute
from karst_clio.web.operations import describe, permissions_of
from karst_clio.web.paths import RESOURCE


class GuardedRoute(JsonRoute):
    """A route that refuses its caller before it reads a body: nobody makes us read megabytes who may not send any."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the handler, which reads the body before it asks who calls."""
        handle = super().get_route_handler()
        permissions = list(permissions_of(self.dependant)) if self.body_field is not None else []

        async def handle_allowed(request: Request) -> Response:
            for permission in permissions:
                await permission(request)
            return await handle(request)

        return handle_allowed


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
            route_class=GuardedRoute,
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
