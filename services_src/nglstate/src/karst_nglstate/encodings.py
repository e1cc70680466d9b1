"""Compression of answers and of requests: what clients accept, what they send.

Contents are kept as zlib streams. Such a stream goes out as it is to whoever accepts `deflate`; around the same bytes
stands another frame for `gzip`, so nothing is compressed twice.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from enum import StrEnum

from isal import isal_zlib

from karst_platform.encodings import first_accepted

_FRAME_BYTES, _CHECK_BYTES = 2, 4
_GZIP_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_GZIP_START = b"\x1f\x8b"
_PIECE_BYTES = 1 << 18
_LEVEL = 2
"""Of ISA-L: as small as zlib's first level makes it, in a quarter of the time."""


class Encoding(StrEnum):
    """How an answer is compressed."""

    DEFLATE = "deflate"
    GZIP = "gzip"
    IDENTITY = "identity"


class BrokenContentError(Exception):
    """What is kept is no zlib stream, or one that was cut off."""


def accepted(header: str) -> Encoding:
    """The first of deflate, gzip and none that an `Accept-Encoding` allows; `q=0` forbids one."""
    return Encoding(first_accepted(header, (Encoding.DEFLATE, Encoding.GZIP)) or Encoding.IDENTITY)


def compressed(content: bytes) -> bytes:
    """The content as a zlib stream."""
    return bytes(isal_zlib.compress(content, _LEVEL))


def inflated(stream: bytes) -> Iterator[bytes]:
    """The content of a zlib stream, piece by piece. Raises BrokenContentError."""
    inflater, rest = zlib.decompressobj(), stream
    try:
        while not inflater.eof:
            piece = inflater.decompress(rest, _PIECE_BYTES)
            rest = inflater.unconsumed_tail
            if piece:
                yield piece
            elif not rest and not inflater.eof:
                raise BrokenContentError("what is kept was cut off")
    except zlib.error as error:
        raise BrokenContentError(f"what is kept is no zlib stream ({error})") from None


def gzipped(stream: bytes) -> bytes:
    """The same compressed bytes in the frame of gzip. Raises BrokenContentError."""
    checksum, size = 0, 0
    for piece in inflated(stream):
        checksum, size = zlib.crc32(piece, checksum), size + len(piece)
    return _GZIP_HEAD + stream[_FRAME_BYTES:-_CHECK_BYTES] + struct.pack("<II", checksum, size & 0xFFFFFFFF)


def unwrapped(stored: bytes) -> bytes:
    """The zlib stream of what a bucket holds: older services put it into a file of gzip. Raises BrokenContentError."""
    if not stored.startswith(_GZIP_START):
        return stored
    inflater = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        content = inflater.decompress(stored) + inflater.flush()
    except zlib.error as error:
        raise BrokenContentError(f"what is kept is no file of gzip ({error})") from None
    if not inflater.eof:
        raise BrokenContentError("what is kept was cut off")
    return content
