"""Which web pages may read answers: all of them, refusals included, so that viewers learn where to sign in.

Credentials of a browser are never let through here: pages send their token in a header.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from karst_platform.cave.paths import plain

METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
REQUEST_HEADERS = "authorization, content-type, x-requested-with, range"
MAX_AGE_S = 600
_ALLOW_ORIGIN = "access-control-allow-origin"


class Cors:
    """Adds the headers to every answer, and answers OPTIONS on any path with 200, without asking for a token.

    A handler that sets its own `Access-Control-Allow-Origin` is left alone. `exposed` are headers that pages may read.
    Where `paths` are named, all others are left alone too.
    """

    def __init__(
        self, app: ASGIApp, exposed: Sequence[str] = ("WWW-Authenticate",), paths: Collection[str] = ()
    ) -> None:
        self._app, self._exposed, self._paths = app, ", ".join(exposed), frozenset(paths)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http" or (self._paths and plain(scope["path"]) not in self._paths):
            await self._app(scope, receive, send)
            return

        async def add(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._add(MutableHeaders(scope=message), is_question=scope["method"] == "OPTIONS")
            await send(message)

        if scope["method"] == "OPTIONS":
            await Response()(scope, receive, add)
        else:
            await self._app(scope, receive, add)

    def _add(self, headers: MutableHeaders, *, is_question: bool) -> None:
        if _ALLOW_ORIGIN not in headers:
            headers[_ALLOW_ORIGIN] = "*"
        headers["access-control-expose-headers"] = self._exposed
        if is_question:
            headers["access-control-allow-methods"] = METHODS
            headers["access-control-allow-headers"] = REQUEST_HEADERS
            headers["access-control-max-age"] = str(MAX_AGE_S)
