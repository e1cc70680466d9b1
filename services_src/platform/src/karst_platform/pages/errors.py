"""Errors for people: whoever asks with a browser sees a page, whoever asks with a program the error as it is."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import cast

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from karst_platform.logs import request_id
from karst_platform.pages.site import Pages

_METHODS = frozenset({"GET", "HEAD", "POST"})
_JSON = "application/json"
_LARGEST_BYTES = 1 << 20
TITLES: Mapping[int, str] = {
    400: "That makes no sense to us",
    401: "Please sign in",
    403: "You may not do this",
    404: "There is nothing here",
    405: "There is nothing here",
    413: "That is too much at once",
    429: "Please wait a moment",
    503: "Back in a moment",
    504: "That took too long",
}


def wants_page(scope: Scope) -> bool:
    """Whether a person looks at the answer: a browser goes there, and no script asks."""
    headers = Headers(scope=scope)
    return (
        scope["method"] in _METHODS
        and "text/html" in headers.get("accept", "")
        and headers.get("sec-fetch-mode", "navigate") == "navigate"
        and not headers.get("authorization")
        and not headers.get("x-requested-with")
    )


class ErrorPages:
    """Puts a page in place of errors that are JSON, for those who want pages; headers and status stay.

    It stands among `Frame.outside`, so that refusals of the frame are pages too.
    """

    def __init__(self, app: ASGIApp, pages: Pages, prefixes: Sequence[str]) -> None:
        self._app, self._pages, self._prefixes = app, pages, prefixes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http" or not wants_page(scope):
            await self._app(scope, receive, send)
            return
        start: Message | None = None
        body = b""

        async def watch(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start" and _is_error(message):
                start = message
            elif start is None:
                await send(message)
            else:
                body = (body + message.get("body", b""))[:_LARGEST_BYTES]
                if not message.get("more_body", False):
                    await self._send_page(scope, start, body, send)

        await self._app(scope, receive, watch)

    async def _send_page(self, scope: Scope, start: Message, body: bytes, send: Send) -> None:
        status = int(start["status"])
        path = str(scope["path"])
        root = next((each for each in self._prefixes if path == each or path.startswith(f"{each}/")), "")
        values = {
            "title": TITLES.get(status, "Something went wrong"),
            "message": _message(body),
            "status": status,
            "request_id": request_id.get() if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "",
        }
        page = self._pages.render("karst/error.html.j2", values, root=root or (self._prefixes or ("",))[0]).encode()
        start["headers"] = list(start["headers"])
        headers = MutableHeaders(scope=start)
        headers["Content-Type"] = "text/html; charset=utf-8"
        headers["Content-Length"] = str(len(page))
        headers["Content-Security-Policy"] = self._pages.policy()
        headers["Cache-Control"] = "no-store"
        await send(start)
        await send({"type": "http.response.body", "body": page if scope["method"] != "HEAD" else b""})


def _is_error(message: Message) -> bool:
    kind = Headers(raw=list(message["headers"])).get("content-type", "")
    return message["status"] >= HTTPStatus.BAD_REQUEST and kind.partition(";")[0] == _JSON


def _message(body: bytes) -> str:
    try:
        told = json.loads(body)
    except ValueError:
        return ""
    return str(cast("dict[str, object]", told).get("message", "")) if isinstance(told, dict) else ""
