"""What happens around each request: its id, its line in the log, its place in the metrics, its path without a slash."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from functools import lru_cache
from hashlib import blake2b
from http import HTTPStatus
from itertools import count
from secrets import token_bytes, token_hex

from prometheus_client import Histogram
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from karst_platform.logs import CLEAN, request_id, request_scope
from karst_platform.metrics import ACTIVE_REQUESTS, REQUEST_DURATION, RESPONSE_BYTES
from karst_platform.rates import TOO_OFTEN, RateLimit
from karst_platform.redaction import carried, strike_out

HEADER = b"x-request-id"
NO_ROUTE = "(none)"
"""Stands for the route's template where no route has the path."""
_FACTS = "karst.request"
_GIVEN_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_PROCESS_ID, _places = token_hex(8), count()
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_log = logging.getLogger("karst.request")

HashUser = Callable[[str], str]


class _Facts:
    """What is learned about a request while it is answered; all copies of its scope share it."""

    __slots__ = ("hash_user", "limit", "scope", "user")

    def __init__(self, hash_user: HashUser, limit: RateLimit | None) -> None:
        self.hash_user, self.limit = hash_user, limit
        self.user: str | None = None
        self.scope: Scope | None = None
        """The innermost one, in which the framework says which route it is."""


def user_hash(key: bytes | None = None) -> HashUser:
    """What stands for users in logs: the same for one user, and not to be turned back without the key.

    Without a key it is the same only within this process.
    """
    secret = blake2b(key or token_bytes(32), digest_size=32).digest()

    @lru_cache(maxsize=20_000)
    def hashed(user: str) -> str:
        return blake2b(user.lower().encode(errors="surrogatepass"), key=secret, digest_size=8).hexdigest()

    return hashed


def admit_user(request: HTTPConnection, user: str) -> None:
    """Note who calls, and count the request against the user's limit. Raises HTTPException, 429, beyond it."""
    facts = request.scope.get(_FACTS)
    if not isinstance(facts, _Facts):
        return
    facts.user = facts.hash_user(user)
    wait_s = facts.limit.wait_s(facts.user) if facts.limit is not None else 0
    if wait_s > 0:
        message = TOO_OFTEN.format(wait_s=wait_s)
        raise HTTPException(HTTPStatus.TOO_MANY_REQUESTS, message, {"Retry-After": str(wait_s)})


class Requests:
    """Gives each request an id (the caller's, where it is a decent one), returns it, counts the request, logs it once.

    The log has method, route, status, milliseconds, bytes and a hash of the user; never the path, which names people,
    and never the query, in which clients send tokens.
    """

    def __init__(self, app: ASGIApp, service: str, hash_user: HashUser, user_limit: RateLimit | None) -> None:
        self._app, self._service = app, service
        self._hash_user, self._user_limit = hash_user, user_limit
        self._active = ACTIVE_REQUESTS.labels(service)
        self._bytes = RESPONSE_BYTES.labels(service)
        self._durations: dict[tuple[str, str, int], Histogram] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        identifier = _identifier(scope)
        facts = scope[_FACTS] = _Facts(self._hash_user, self._user_limit)
        reset_id, reset_scope = request_id.set(identifier), request_scope.set(scope)
        begin_s, status, sent_bytes = time.perf_counter(), 0, 0

        async def watch(message: Message) -> None:
            nonlocal status, sent_bytes
            if message["type"] == "http.response.start":
                status = message["status"]
                others = (each for each in message.get("headers", ()) if each[0] != HEADER)
                message["headers"] = [*others, (HEADER, identifier.encode())]
            else:
                sent_bytes += len(message.get("body", b""))
            await send(message)

        self._active.inc()
        try:
            await self._app(scope, receive, watch)
        finally:
            self._active.dec()
            self._tell(scope["method"], facts, status, sent_bytes, time.perf_counter() - begin_s)
            request_id.reset(reset_id)
            request_scope.reset(reset_scope)

    def _tell(self, method: str, facts: _Facts, status: int, sent_bytes: int, elapsed_s: float) -> None:
        method = method if method in _METHODS else "_OTHER"
        route = _template(facts.scope)
        self._duration(method, route, status).observe(elapsed_s)
        self._bytes.inc(sent_bytes)
        is_probe = route.startswith(("/health", "/ready")) and status < HTTPStatus.BAD_REQUEST
        level = logging.DEBUG if is_probe else logging.INFO
        if not _log.isEnabledFor(level):
            return
        fields = {
            "service": self._service,
            "method": method,
            "route": route,
            "status": status,
            "elapsed_ms": round(elapsed_s * 1000, 1),
            "bytes": sent_bytes,
            "user": facts.user,
        }
        _log.log(level, "request", extra={"fields": fields, CLEAN: True})

    def _duration(self, method: str, route: str, status: int) -> Histogram:
        # Without a status nobody was answered: the client left, or the process ends.
        found = self._durations.get((method, route, status))
        if found is None:
            found = REQUEST_DURATION.labels(self._service, method, route, str(status or "none"))
            self._durations[method, route, status] = found
        return found


class Innermost:
    """Keeps the scope that the application gets: those outside, which may be copies, never learn the route."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        facts = scope.get(_FACTS)
        if isinstance(facts, _Facts):
            facts.scope = scope
        await self._app(scope, receive, send)


def _identifier(scope: Scope) -> str:
    """The id that the caller gave, unless it is none, or a credential; else one of our own."""
    given = next((value for name, value in scope["headers"] if name == HEADER), None)
    if given is not None and _GIVEN_ID.fullmatch(given):
        identifier = given.decode("ascii")
        if strike_out(identifier, carried(scope)) == identifier:
            return identifier
    return f"{_PROCESS_ID}{next(_places):016x}"


def _template(scope: Scope | None) -> str:
    """The template of the route that answered: FastAPI keeps that of an included router apart from the route's own."""
    if scope is None:
        return NO_ROUTE
    route = scope.get("fastapi", {}).get("effective_route_context") or scope.get("route")
    return str(getattr(route, "path_format", None) or NO_ROUTE)


class TrailingSlashes:
    """Answers `/path/` like `/path`, since clients take any redirect for a failed sign-in."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        path: str = scope.get("path", "")
        root: str = scope.get("root_path", "")
        if scope["type"] == "http" and path.endswith("/") and path.rstrip("/") != root.rstrip("/"):
            scope = {**scope, "path": path[:-1]}
        await self._app(scope, receive, send)
