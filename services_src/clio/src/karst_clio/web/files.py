"""Objects of buckets as answers: whole, or the part that a client asks for, piece by piece."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from email.utils import format_datetime

from fastapi import HTTPException
from starlette.responses import Response, StreamingResponse

from karst_platform.stores.objects import MissingObjectError, ObjectInfo, Objects

_RANGE = re.compile(r"bytes=(\d{0,19})-(\d{0,19})", re.ASCII)
_PIECE_BYTES = 4 << 20
_DEFAULT_TYPE = "application/octet-stream"
_OPEN = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Content-Range, ETag, Last-Modified",
    "Accept-Ranges": "bytes",
    # A page or a script in somebody's bucket must not run as ours.
    "Content-Security-Policy": "default-src 'none'; sandbox",
}


async def file_response(objects: Objects, key: str, asked: Mapping[str, str]) -> Response:
    """An object, with its type, for whoever may read it, and for pages of every origin.

    Honours `Range` with one range, `If-Range` and `If-None-Match`. Raises HTTPException, 404, where there is none.
    """
    info = await objects.info(key)
    if info is None:
        raise _missing()
    etag = '"' + info.etag.strip('"') + '"'
    headers = {**_OPEN, "ETag": etag, "Last-Modified": format_datetime(info.modified, usegmt=True)}
    if etag in asked.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    wanted = _range(asked, etag, info)
    if wanted is None:
        # No Content-Length: Cloud Storage unpacks what is stored packed, and tells the packed size.
        return StreamingResponse(await _started(objects.stream(key)), media_type=_type(info), headers=headers)
    if not wanted:
        headers["Content-Range"] = f"bytes */{info.size_bytes}"
        raise HTTPException(416, "The object ends before the range begins.", headers)
    headers["Content-Range"] = f"bytes {wanted.start}-{wanted.stop - 1}/{info.size_bytes}"
    headers["Content-Length"] = str(len(wanted))
    pieces = await _started(_part(objects, key, wanted))
    return StreamingResponse(pieces, status_code=206, media_type=_type(info), headers=headers)


def _range(asked: Mapping[str, str], etag: str, info: ObjectInfo) -> range | None:
    """The bytes that are asked for; None where all are, or where the request can't be read, which HTTP wants so."""
    match = _RANGE.fullmatch(asked.get("range", "").replace(" ", ""))
    if match is None or asked.get("if-range", etag) != etag:
        return None
    first, last = match.groups()
    if first:
        return range(int(first), min(int(last) + 1, info.size_bytes) if last else info.size_bytes)
    return range(max(info.size_bytes - int(last), 0), info.size_bytes) if last else None


async def _part(objects: Objects, key: str, wanted: range) -> AsyncIterator[bytes]:
    for start in range(wanted.start, wanted.stop, _PIECE_BYTES):
        yield await objects.get(key, start=start, length=min(_PIECE_BYTES, wanted.stop - start))


async def _started(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The pieces, once the first is there: what goes wrong before it becomes an error's answer."""
    try:
        first = await anext(pieces, b"")
    except MissingObjectError:
        raise _missing() from None

    async def every() -> AsyncIterator[bytes]:
        yield first
        async for piece in pieces:
            yield piece

    return every()


def _type(info: ObjectInfo) -> str:
    return info.content_type or _DEFAULT_TYPE


def _missing() -> HTTPException:
    return HTTPException(404, "There is no such object.", dict(_OPEN))
