"""What keeps a service and its visitors safe: limits of bodies and of time, headers for browsers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from karst_platform.wire import Answer

_log = logging.getLogger(__name__)
_SMALL_BYTES = 1 << 20
_BODIES_AT_ONCE = 2

NOTHING_ALLOWED = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""The content policy of answers that are no pages; pages set their own."""

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": NOTHING_ALLOWED,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_RAW_HEADERS = tuple((name.lower().encode(), value.encode()) for name, value in HEADERS.items())


class SecurityHeaders:
    """Sets each header that the handler has not set itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""

        async def add(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = list(message.get("headers", ()))
                names = {name.lower() for name, _ in given}
                message["headers"] = given + [each for each in _RAW_HEADERS if each[0] not in names]
            await send(message)

        await self._app(scope, receive, add)


class BodyLimit:
    """Answers bodies over `limit_bytes` with 413: at once where the length is told, else while they are read.

    All large bodies that are under way together may have twice that, for parsing one takes many times its size: who
    comes on top is asked to come again, with 503. Small ones are always let in.
    """

    def __init__(self, app: ASGIApp, limit_bytes: int, answer: Answer) -> None:
        self._app, self._answer = app, answer
        self._limit_bytes = limit_bytes
        self._message = f"The body is larger than {limit_bytes} bytes."
        self._held_bytes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        told = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        if not told.isdigit():
            await self._answer(400, "Content-Length is not a number.")(scope, receive, send)
            return
        if int(told[:20]) > self._limit_bytes:
            await self._answer(413, self._message)(scope, receive, send)
            return
        read_bytes = held_bytes = 0

        async def count() -> Message:
            nonlocal read_bytes, held_bytes
            message = await receive()
            read_bytes += len(message.get("body", b""))
            if read_bytes > self._limit_bytes:
                raise HTTPException(413, self._message)
            if read_bytes > _SMALL_BYTES:
                self._held_bytes += read_bytes - held_bytes
                held_bytes = read_bytes
                if self._held_bytes > _BODIES_AT_ONCE * self._limit_bytes:
                    raise HTTPException(503, "Too many large bodies are under way. Try again.", {"Retry-After": "2"})
            return message

        try:
            await self._app(scope, count, send)
        finally:
            self._held_bytes -= held_bytes


class TimeLimit:
    """Gives a request up that has no answer after `limit_s` seconds, with 504; an answer that has begun may go on."""

    def __init__(self, app: ASGIApp, limit_s: float, answer: Answer) -> None:
        self._app, self._answer, self._limit_s = app, answer, limit_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = asyncio.timeout(self._limit_s)

        async def watch(message: Message) -> None:
            if message["type"] == "http.response.start":
                limit.reschedule(None)
            await send(message)

        try:
            async with limit:
                await self._app(scope, receive, watch)
        except TimeoutError:
            if not limit.expired():
                raise
            _log.warning("given up after %s s", self._limit_s)
            text = "This took too long and was given up."
            await self._answer(HTTPStatus.GATEWAY_TIMEOUT, text)(scope, receive, send)
