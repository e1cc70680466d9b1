"""Whether bytes are JSON, without making anything of them: memory and time stay those of reading.

What is kept is the text as it came. Keys may stand twice, in any order; numbers may have any size.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

_DECODER: Final = msgspec.json.Decoder(msgspec.Raw)
_LONE_HALVES: Final = re.compile(rb"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
_UTF8_AT_ONCE: Final = 1 << 20


class NoJsonError(ValueError):
    """The bytes are no JSON; the message says why."""


def check_json(text: bytes) -> None:
    """Raise NoJsonError unless `text` is one JSON value in UTF-8. NaN and infinities are no JSON."""
    _check_utf8(text)
    if not text.strip():
        raise NoJsonError("it is empty")
    try:
        _check(text)
    except NoJsonError:
        # Halves of a pair that stand alone are JSON, and browsers write them; the decoder would make text of them.
        if _LONE_HALVES.search(text) is None:
            raise
        _check(_LONE_HALVES.sub(rb"\\u0041", text))


def _check(text: bytes) -> None:
    try:
        _DECODER.decode(text)
    except msgspec.DecodeError as error:
        reason = str(error).removeprefix("JSON is malformed: ")
        raise NoJsonError(reason[:1].lower() + reason[1:]) from None
    except RecursionError:
        raise NoJsonError("it is nested too deeply") from None


def _check_utf8(text: bytes) -> None:
    view, start = memoryview(text), 0
    while start < len(view):
        end = min(start + _UTF8_AT_ONCE, len(view))
        while end < len(view) and view[end] & 0xC0 == 0x80 and end - start > _UTF8_AT_ONCE - 4:
            end -= 1  # not within a character
        try:
            str(view[start:end], "utf-8")
        except UnicodeDecodeError as error:
            raise NoJsonError(f"it is not UTF-8 (byte {start + error.start})") from None
        start = end
