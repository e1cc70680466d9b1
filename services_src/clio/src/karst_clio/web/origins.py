"""Which web pages may call: the rules of origins (CORS), and what keeps foreign pages from using a user's cookie."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from karst_clio.web.bodies import GIVEN_TYPE

ALLOWED_METHODS = "POST, GET, PUT, DELETE, OPTIONS"
ALLOWED_HEADERS = "Authorization, Content-Type, Range"
MAX_AGE_S = 600
_ALLOW_ORIGIN = "Access-Control-Allow-Origin"
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Origins:
    """Adds the headers of CORS to every answer, and answers OPTIONS on any path with 200.

    `*` among the origins lets every page call without credentials; with them only those that are named. A handler that
    sets its own `Access-Control-Allow-Origin` is left alone.
    """

    def __init__(self, app: ASGIApp, origins: Sequence[str]) -> None:
        self._app = app
        self._listed = [each for each in origins if each != "*"]
        self._is_open = not origins or "*" in origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        origin = Headers(scope=scope).get("origin")

        async def add(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._add(MutableHeaders(scope=message), origin)
            await send(message)

        if scope["method"] == "OPTIONS":
            await Response()(scope, receive, add)
        else:
            await self._app(scope, receive, add)

    def _add(self, headers: MutableHeaders, origin: str | None) -> None:
        headers.add_vary_header("Origin")
        headers["Access-Control-Allow-Methods"] = ALLOWED_METHODS
        headers["Access-Control-Allow-Headers"] = ALLOWED_HEADERS
        headers["Access-Control-Max-Age"] = str(MAX_AGE_S)
        if _ALLOW_ORIGIN in headers:
            return
        allowed = self._allowed(origin)
        headers[_ALLOW_ORIGIN] = allowed
        if allowed in self._listed:
            headers["Access-Control-Allow-Credentials"] = "true"

    def _allowed(self, origin: str | None) -> str:
        if origin is not None and (self._is_open or origin in self._listed):
            return origin
        return "*" if self._is_open else self._listed[0]


def may_use_cookie(request: Request, listed: frozenset[str]) -> bool:
    """Whether a request that only a cookie vouches for was meant by its user.

    Reading is; writing is where the page is ours or a named one, or where the Content-Type is one for which a browser
    asks us first.
    """
    if request.method in _SAFE_METHODS:
        return True
    origin = request.headers.get("origin")
    if origin is not None:
        return origin in listed or urlsplit(origin).netloc == request.headers.get("host")
    return str(request.scope.get(GIVEN_TYPE, "")).partition(";")[0].strip().lower() == "application/json"
