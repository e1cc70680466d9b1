"""Documents' fields as the JSON text that PostgreSQL keeps."""

from __future__ import annotations

import re

import orjson

from karst_platform.stores.documents import Json, Write
from karst_platform.stores.storable import check_document_path, check_write, is_surely_storable

_PERHAPS_EXPONENT = re.compile(rb"e[+0-9]")  # found much faster than what follows, as it begins with a letter
_EXPONENT = re.compile(rb"[0-9]e\+?[0-9]")
# Integers that need more than 53 bits may have more than 64; dates and the like are no JSON, though orjson knows them.
_STRICT = (
    orjson.OPT_STRICT_INTEGER
    | orjson.OPT_PASSTHROUGH_DATACLASS
    | orjson.OPT_PASSTHROUGH_DATETIME
    | orjson.OPT_PASSTHROUGH_SUBCLASS
)


def text_of_fields(change: Write) -> str | None:
    """The text of a document's new fields, None for its end. Refuses what `check_write` refuses.

    Of most documents the text tells that they are fine, which takes a fifth of the time of looking at each value.
    """
    if change.fields is None:
        check_document_path(change.path)
        return None
    try:
        data = orjson.dumps(change.fields, option=_STRICT)
    except TypeError:
        data = b""
    if data and is_surely_storable(data):
        check_document_path(change.path)
        return _exact(data, change.fields).decode()
    check_write(change)
    return text_of(change.fields)


def text_of(value: Json) -> str:
    """The text of a value that was checked."""
    return _exact(orjson.dumps(value), value).decode()


def _exact(data: bytes, value: Json) -> bytes:
    if _PERHAPS_EXPONENT.search(data) is None or _EXPONENT.search(data) is None:
        return data
    # A JSONB number of 1e16 would come back as an integer, so the digits are spelled out, with a fraction.
    return orjson.dumps(_spelled_out(value))


def _spelled_out(value: Json) -> object:
    match value:
        case float() if abs(value) >= 1e16:
            return orjson.Fragment(f"{value:.1f}".encode())
        case dict():
            return {name: _spelled_out(item) for name, item in value.items()}
        case list() | tuple():
            return [_spelled_out(item) for item in value]
        case _:
            return value
