"""Bodies of requests: JSON, whatever their Content-Type says, since browsers and R send none or the wrong one.

What can't be kept exactly is refused: numbers that are not finite, integers beyond 64 bit, halves of a surrogate pair,
nesting without end.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

import re2
from fastapi import HTTPException
from fastapi.routing import APIRoute
from pydantic_core import from_json
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

GIVEN_TYPE = "karst.given_content_type"
"""Where the request's scope keeps the Content-Type that the client sent."""
_LARGEST, _SMALLEST = 2**63 - 1, -(2**63)
# By RE2: in a large body Python's own expressions take longer to look for digits than all else takes.
_PERHAPS_TOO_LARGE = re2.compile(rb"[0-9]{19}|[0-9][eE]\+?[0-9]{3}")


def parse_json(body: bytes) -> object:
    """The value of a JSON text. Raises HTTPException, 422, for what is none or can't be kept."""
    try:
        value = from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise _refusal("json_invalid", f"The body is no JSON: {error}") from None
    if _PERHAPS_TOO_LARGE.search(body):
        _check_numbers(value)
    return value


def _check_numbers(value: object) -> None:
    waiting: list[object] = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)
        elif isinstance(item, int) and not _SMALLEST <= item <= _LARGEST:
            raise _refusal("int_too_large", "The body has an integer that does not fit into 64 bits.")
        elif isinstance(item, float) and not math.isfinite(item):
            raise _refusal("finite_number", "The body has a number that is not finite.")


def _refusal(kind: str, message: str) -> HTTPException:
    # In the shape of a validation error; FastAPI would answer one that is raised while it reads a body with 400.
    return HTTPException(422, detail=[{"loc": ["body"], "msg": message, "type": kind}])


class JsonRequest(Request):
    """A request whose body is read by our rules."""

    async def json(self) -> object:
        """The body's value."""
        if not hasattr(self, "_json"):
            self._json = parse_json(await self.body())
        return self._json


class JsonRoute(APIRoute):
    """A route whose handlers see bodies by our rules; those of `web.routes.Routes` are all of this kind."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap FastAPI's own handler."""
        handle = super().get_route_handler()

        async def handle_json(request: Request) -> Response:
            return await handle(JsonRequest(request.scope, request.receive))

        return handle_json


class JsonBodies:
    """Lets every body pass as JSON, and remembers which type the client named."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] == "http":
            given = Headers(scope=scope).get("content-type", "")
            scope = {**scope, "headers": _as_json(scope["headers"]), GIVEN_TYPE: given}
        await self._app(scope, receive, send)


def _as_json(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    changed = MutableHeaders(raw=list(headers))
    changed["content-type"] = "application/json"
    return changed.raw
