"""The whole address of a request, as the browser knows it, and safe to stand in a header."""

from __future__ import annotations

import re
import string
from http import HTTPStatus
from urllib.parse import quote

from fastapi import Request
from starlette.types import Scope

from karst_platform.cave.errors import CaveError

_SCHEMES = ("http", "https")
_HOST = re.compile(r"(?:[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?")
_OF_PATHS = "/:@!$&'()*+,;=~"
_OF_QUERIES = string.punctuation


def address_of(request: Request) -> str:
    """Scheme, host, path and query. TLS may end at a proxy, which says so; in a browser, no page can.

    Raises CaveError, 400, where the header Host is no host.
    """
    scope, headers = request.scope, request.headers
    told = headers.get("x-forwarded-proto", "").rpartition(",")[2].strip()
    scheme, host = told if told in _SCHEMES else scope["scheme"], headers.get("host") or _server(scope)
    if not _HOST.fullmatch(host):
        raise CaveError(HTTPStatus.BAD_REQUEST, "bad_request", "The header Host is no host.")
    path = quote(scope["path"], safe=_OF_PATHS, errors="surrogatepass")
    query = quote(scope["query_string"], safe=_OF_QUERIES)
    return f"{scheme}://{host}{path}{'?' if query else ''}{query}"


def _server(scope: Scope) -> str:
    """Where the server listens, for whoever names no host."""
    server = scope.get("server")
    return f"{server[0]}:{server[1]}" if server else ""
