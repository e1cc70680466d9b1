"""Where the store stands on its host: behind a prefix, and under names that are other words for `/v2`."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from karst_platform.wire import answer_detail

CURRENT = "/v2"
ALIASES = ("/test", "/v3")
"""Other words for the current version of the API."""
WITHOUT_PREFIX = frozenset({"/", "/docs", "/redoc", "/openapi.json", "/healthz", "/readyz"})
"""Paths that answer without the prefix too."""
RESOURCE = "karst.resource"
"""Where the request's scope keeps the segment of its path that names the resource."""
_MOUNTS = frozenset({"v2", "clio_toplevel"})
_ASSETS = "/docs/"


class Paths:
    """Takes the prefix off, answers `/path/` like `/path` (a redirect drops bodies), and `/v3` and `/test` as `/v2`."""

    def __init__(self, app: ASGIApp, prefix: str) -> None:
        self._app = app
        self._prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        root = str(scope.get("root_path", "")).rstrip("/")
        path = str(scope["path"])
        inner = path[len(root) :] if path == root or path.startswith(root + "/") else path
        if inner == self._prefix or inner.startswith(self._prefix + "/"):
            inner = inner[len(self._prefix) :]
        elif _plain(inner) not in WITHOUT_PREFIX and not inner.startswith(_ASSETS):
            await answer_detail(404, "Not Found")(scope, receive, send)
            return
        root += self._prefix
        path = _current(_plain(inner))
        scope = {**scope, "root_path": root, "path": root + path, RESOURCE: _resource(path)}
        await self._app(scope, receive, send)


def _resource(path: str) -> str:
    _, first, *rest = path.split("/", 3)
    return rest[0] if first in _MOUNTS and rest else first


def _plain(path: str) -> str:
    return path[:-1] if len(path) > 1 and path.endswith("/") else path or "/"


def _current(path: str) -> str:
    for alias in ALIASES:
        if path == alias or path.startswith(alias + "/"):
            return CURRENT + path[len(alias) :]
    return path
