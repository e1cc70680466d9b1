"""Answers with a content, compressed as the client can read it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from urllib.parse import urlsplit

from fastapi import Request
from starlette.responses import Response, StreamingResponse

from karst_nglstate.encodings import Encoding, accepted, gzipped, inflated
from karst_nglstate.record import Record
from karst_platform.cave.guard.addresses import address_of

_JSON, _ZLIB = "application/json", "application/octet-stream"
_SMALL_BYTES = 1 << 16
_AT_ONCE_BYTES = 4 << 20
_HEADERS = {"Cache-Control": "private, no-cache", "Vary": "Accept-Encoding"}


async def answer_json(request: Request, record: Record, stream: bytes) -> Response:
    """The JSON text as it was posted: as the zlib stream that is kept, as gzip, or as it is."""
    encoding = accepted(request.headers.get("accept-encoding", ""))
    if encoding is Encoding.IDENTITY:
        return await _plain(record, stream)
    is_small = encoding is Encoding.DEFLATE or len(stream) < _SMALL_BYTES
    if encoding is Encoding.GZIP:
        stream = gzipped(stream) if is_small else await asyncio.to_thread(gzipped, stream)
    return Response(stream, media_type=_JSON, headers={**_HEADERS, "Content-Encoding": encoding.value})


def answer_raw(stream: bytes) -> Response:
    """The zlib stream itself."""
    return Response(stream, media_type=_ZLIB, headers={"Cache-Control": "private, no-cache"})


def link(request: Request, path: str) -> str:
    """The whole address of another path on the host that the client asked."""
    parts = urlsplit(address_of(request))
    return f"{parts.scheme}://{parts.netloc}{path}"


async def _plain(record: Record, stream: bytes) -> Response:
    pieces = inflated(stream)
    # What fits is looked at whole, so that what is damaged is told by the status.
    is_short = len(stream) < _SMALL_BYTES and (record.size_bytes or _AT_ONCE_BYTES) <= _SMALL_BYTES
    first, is_all = _beginning(pieces) if is_short else await asyncio.to_thread(_beginning, pieces)
    if is_all:
        return Response(first, media_type=_JSON, headers=_HEADERS)
    size = {"Content-Length": str(record.size_bytes)} if record.size_bytes is not None else {}
    return StreamingResponse(_all(first, pieces), media_type=_JSON, headers={**_HEADERS, **size})


def _beginning(pieces: Iterator[bytes]) -> tuple[bytes, bool]:
    """The first 4 MiB, and whether that is all."""
    found = bytearray()
    for piece in pieces:
        found += piece
        if len(found) > _AT_ONCE_BYTES:
            return bytes(found), False
    return bytes(found), True


def _all(first: bytes, pieces: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from pieces
