"""Where a service stands on its host: behind its prefix, however many slashes a client writes; never by a redirect.

Clients take any redirect of an API call for a failed sign-in, and write `https://host//info/...` where their users gave
the server's address with a slash at its end.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from karst_platform.cave.errors import answer_cave

_SLASHES = re.compile("//+")


class Paths:
    """Collapses slashes, takes off the first of `prefixes` that fits, and answers `/path/` like `/path`.

    Paths of `bare`, those of probes, answer without a prefix too; any other is not found.
    """

    def __init__(self, app: ASGIApp, prefixes: Collection[str], bare: Collection[str] = ()) -> None:
        self._app = app
        self._prefixes, self._bare = tuple(prefixes), frozenset(bare)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = plain(str(scope["path"]))
        prefix = next((each for each in self._prefixes if path == each or path.startswith(each + "/")), None)
        if prefix is None and path not in self._bare:
            await answer_cave(HTTPStatus.NOT_FOUND, "There is nothing at this path.")(scope, receive, send)
            return
        root = prefix or ""
        path = path if path != root else root + "/"
        await self._app({**scope, "root_path": root, "path": path}, receive, send)


def plain(path: str) -> str:
    """The path with single slashes, and none at its end."""
    single = _SLASHES.sub("/", path)
    return single[:-1] if len(single) > 1 and single.endswith("/") else single or "/"


class Heads:
    """Answers HEAD as GET, without the body."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def without_body(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        await self._app({**scope, "method": "GET"}, receive, without_body)
