"""What happens around each request: its id, its line in the log, its path without a slash at the end."""

from __future__ import annotations

import logging
import re
import time
import uuid

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from karst_platform.logs import request_id

HEADER = "X-Request-ID"
_GIVEN_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_log = logging.getLogger("karst.request")


class RequestIds:
    """Gives each request an id (the caller's, where it is a decent one), returns it, and logs the request once.

    The log has method, path, status and milliseconds; never the query, in which clients send tokens.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(HEADER, "")
        identifier = given if _GIVEN_ID.fullmatch(given) else uuid.uuid4().hex
        reset = request_id.set(identifier)
        begin_s, status = time.perf_counter(), 500

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[HEADER] = identifier
            await send(message)

        try:
            await self._app(scope, receive, watch)
        finally:
            elapsed_ms = round((time.perf_counter() - begin_s) * 1000, 1)
            fields = {"method": scope["method"], "path": scope["path"], "status": status, "elapsed_ms": elapsed_ms}
            is_probe = scope["path"].startswith("/health/") and status < 400
            _log.log(logging.DEBUG if is_probe else logging.INFO, "request", extra={"fields": fields})
            request_id.reset(reset)


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
