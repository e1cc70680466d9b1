"""Answers that are made once, when the service starts: their bytes, the same bytes compressed, and their tag.

Nothing that this service says changes while it runs, so no request pays for JSON, HTML or compression.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from hashlib import blake2b

from fastapi import Request
from starlette.responses import Response

from karst_platform.encodings import first_accepted

_MAX_AGE_S = 3600
_SMALLEST_ZIPPED = 512
"""Shorter answers fit one packet anyway."""


class Prepared:
    """One answer."""

    def __init__(self, content: bytes, media_type: str, headers: Mapping[str, str] | None = None) -> None:
        self.content = content
        zipped = gzip.compress(content, 9, mtime=0) if len(content) >= _SMALLEST_ZIPPED else None
        self.zipped = zipped
        # A weak tag: both forms say the same.
        self.tag = f'W/"{blake2b(content, digest_size=12).hexdigest()}"'
        self._headers = {
            "ETag": self.tag,
            "Cache-Control": f"public, max-age={_MAX_AGE_S}",
            "Vary": "Accept-Encoding",
            **(headers or {}),
        }
        self._typed = {**self._headers, "Content-Type": media_type}

    def answer(self, request: Request) -> Response:
        """The answer to this request: compressed for those who can read that, and none for those who have it."""
        if _has(request.headers.get("if-none-match"), self.tag):
            return Response(status_code=304, headers=self._headers)
        if self.zipped is not None and first_accepted(request.headers.get("accept-encoding", ""), ("gzip",)):
            return Response(self.zipped, headers={**self._typed, "Content-Encoding": "gzip"})
        return Response(self.content, headers=self._typed)


def prepared_json(value: object) -> Prepared:
    """A value as JSON, in as few bytes as can be."""
    return Prepared(json.dumps(value, separators=(",", ":")).encode(), "application/json")


def _has(known: str | None, tag: str) -> bool:
    if known is None:
        return False
    tags = (each.strip() for each in known.split(","))
    return any(each == "*" or each.removeprefix("W/") == tag.removeprefix("W/") for each in tags)
