"""Reads what clients post: piece by piece, compressed or not, within limits, whatever its Content-Type says."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import blake2b

from fastapi import Request
from starlette.requests import ClientDisconnect

from karst_nglstate.encodings import compressed
from karst_nglstate.json_text import NoJsonError, check_json
from karst_platform.cave.errors import CaveError

LARGEST_COMPRESSED_BYTES = 50 << 20
_PIECE_BYTES = 1 << 20
_SMALL_BYTES = 1 << 16
_BODIES_AT_ONCE = 2
_GZIP, _ZLIB, _RAW = 16 + zlib.MAX_WBITS, zlib.MAX_WBITS, -zlib.MAX_WBITS


@dataclass(frozen=True, kw_only=True)
class Posted:
    """A JSON text that somebody posted."""

    stream: bytes
    """The text exactly as it came, as a zlib stream."""
    size_bytes: int
    """Of the text."""
    tag: str


class Bodies:
    """Reads bodies of `limit_bytes` at the most, inflated. All together may hold twice as much, else 503."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._held_bytes = 0

    async def read(self, request: Request) -> Posted:
        """Read a body and compress it. Raises CaveError: 400 for no JSON, 413, 415, 503."""
        with self._held() as held:
            try:
                await self._fill(held, request)
            except ClientDisconnect:
                raise CaveError(400, "cut_off", "The body was cut off.") from None
            text = b"".join(held.pieces)
            held.pieces.clear()
            return await asyncio.to_thread(posted, text) if len(text) > _SMALL_BYTES else posted(text)

    @contextmanager
    def _held(self) -> Generator[_Held]:
        held = _Held()
        try:
            yield held
        finally:
            self._held_bytes -= held.size_bytes

    async def _fill(self, held: _Held, request: Request) -> None:
        encoding = request.headers.get("content-encoding", "").strip().lower()
        if encoding in ("", "identity"):
            async for piece in request.stream():
                self._take(held, piece)
            return
        inflater = _Inflater(encoding)
        async for piece in request.stream():
            pieces = inflater.feed(piece)
            while (inflated := await asyncio.to_thread(next, pieces, None)) is not None:
                self._take(held, inflated)
        inflater.end()

    def _take(self, held: _Held, piece: bytes) -> None:
        if held.size_bytes + len(piece) > self._limit_bytes:
            raise too_large(f"The text is larger than {self._limit_bytes} bytes.")
        if self._held_bytes + len(piece) > _BODIES_AT_ONCE * self._limit_bytes:
            message = "Too many large bodies are under way. Try again."
            raise CaveError(503, "service_unavailable", message, headers={"Retry-After": "2"})
        self._held_bytes += len(piece)
        held.size_bytes += len(piece)
        held.pieces.append(piece)


@dataclass
class _Held:
    """What came of a body so far."""

    pieces: list[bytes] = field(default_factory=list[bytes])
    size_bytes: int = 0


def posted(text: bytes) -> Posted:
    """Check and compress a text. Raises CaveError, 400 and 413."""
    try:
        check_json(text)
    except NoJsonError as error:
        raise CaveError(400, "invalid_json", f"The body is no JSON: {error}.") from None
    stream = compressed(text)
    if len(stream) > LARGEST_COMPRESSED_BYTES:
        raise too_large(f"The text is larger than {LARGEST_COMPRESSED_BYTES} bytes when it is compressed.")
    return Posted(stream=stream, size_bytes=len(text), tag=tag_of(text))


def tag_of(text: bytes) -> str:
    """What stands for a text: the same for no other."""
    return blake2b(text, digest_size=20).hexdigest()


def too_large(message: str) -> CaveError:
    """The refusal of what nobody could keep."""
    return CaveError(413, "content_too_large", message)


class _Inflater:
    """Inflates a body. `deflate` means a zlib stream; some clients send one without its frame."""

    def __init__(self, encoding: str) -> None:
        if encoding not in ("gzip", "x-gzip", "deflate"):
            headers = {"Accept-Encoding": "gzip, deflate"}
            message = "Bodies may be compressed by gzip or deflate, once."
            raise CaveError(415, "unsupported_encoding", message, headers=headers)
        self._window = _GZIP if encoding != "deflate" else None
        self._inflater = zlib.decompressobj(_GZIP) if self._window else None

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """What comes out when a piece goes in, never much at once."""
        if self._inflater is None and piece:
            is_framed = piece[0] & 0x0F == zlib.DEFLATED and piece[0] >> 4 <= 7
            self._inflater = zlib.decompressobj(_ZLIB if is_framed else _RAW)
        rest, is_more = piece, False
        while rest or is_more:
            assert self._inflater is not None  # noqa: S101 - made by the first piece that isn't empty
            if self._inflater.eof:
                raise _broken("something follows its end")
            try:
                inflated = self._inflater.decompress(rest, _PIECE_BYTES)
            except zlib.error as error:
                raise _broken(str(error)) from None
            rest = self._inflater.unconsumed_tail or self._inflater.unused_data
            # A stream without a frame may be read to its end before all of its text has come out.
            is_more = len(inflated) == _PIECE_BYTES and not self._inflater.eof
            if inflated:
                yield inflated

    def end(self) -> None:
        """Refuse what was cut off."""
        if self._inflater is not None and not self._inflater.eof:
            raise _broken("it was cut off")


def _broken(reason: str) -> CaveError:
    return CaveError(400, "invalid_encoding", f"The body is not compressed as Content-Encoding says: {reason}.")
