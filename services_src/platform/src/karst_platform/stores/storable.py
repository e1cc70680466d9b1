"""What both stores keep, so that documents can move from one to the other: the limits of Firestore.

An id is text of up to 1,500 bytes without slashes and control characters, not `.`, `..` or `__x__`. A field's name is
neither empty nor `__x__`. A document has up to 1 MiB and 20 levels; a list inside a list counts as two more.
"""

from __future__ import annotations

import math
import re
from functools import lru_cache

from karst_platform.stores.documents import Fields, Json, Path, Query, UnstorableError, Write

DOCUMENT_BYTES = 1 << 20
_ID_BYTES = 1500
_PATH_BYTES = 2400  # a row of PostgreSQL's index holds 2,704
_LEVELS = 20
_LOOKED_THROUGH_BYTES = 1 << 16
_RESERVED = re.compile(r"__.*__", re.DOTALL)
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9 @._+-]{0,255}")  # most ids: nothing else is asked about them
_UNFIT = re.compile(r"[/\x00-\x1f\x7f]")
NESTED = "[]"
"""Firestore keeps no list directly inside a list: there the inner one is the only field, of this name, of a map."""


def check_path(path: Path) -> None:
    """Refuse with `UnstorableError` what can't be the path of a document or of a collection."""
    if not path:
        return  # the place of the topmost collections
    size, name = _check_parents(path[:-1]), path[-1]
    size += len(name) + 1 if _PLAIN.fullmatch(name) else _check_parts((name,))
    if size > _PATH_BYTES:
        raise UnstorableError(f"The path of {_shown(name)} has more than {_PATH_BYTES} bytes")


def _check_parts(parts: Path) -> int:
    size = 0
    for part in parts:
        if not part or part in {".", ".."} or _RESERVED.fullmatch(part) or _UNFIT.search(part):
            raise UnstorableError(
                f"{_shown(part)} can't be an id: write text without slashes and control characters, "
                "other than '.', '..' and '__x__'"
            )
        length = _bytes_of(part, "an id")
        if length > _ID_BYTES:
            raise UnstorableError(f"{_shown(part)} can't be an id: it has more than {_ID_BYTES} bytes")
        size += length + 1
    return size


_check_parents = lru_cache(maxsize=4096)(_check_parts)  # the same for all documents of a collection


def check_document_path(path: Path) -> None:
    """As `check_path`, and the path must be a document's."""
    if not path or len(path) % 2:
        raise ValueError(f"{path} is the path of a collection, not of a document")
    check_path(path)


def check_collection_path(path: Path) -> None:
    """As `check_path`, and the path must be a collection's."""
    if len(path) % 2 == 0:
        raise ValueError(f"{path} is the path of a document, not of a collection")
    check_path(path)


def check_query(query: Query) -> None:
    """As `check_collection_path`, and the query must be one that both stores can answer."""
    check_collection_path(query.collection)
    if query.order_by is None and query.is_descending:
        raise ValueError("Firestore has no descending order of ids; name a field to order by")
    if query.order_by is not None and query.after_id is not None:
        raise ValueError("Documents follow an id only in the order of ids")
    for _, value in (*query.equals, *query.contains):
        _size(value, _LEVELS)


def is_surely_storable(text: bytes) -> bool:
    """Whether a look at the JSON text of fields shows that `check_write` would refuse nothing of them.

    It can't tell of what is long, deep, null (which numbers become that are none), reserved or empty.
    """
    return (
        len(text) < _LOOKED_THROUGH_BYTES
        and b"null" not in text
        and b'"__' not in text
        and b'""' not in text
        and b'"[]"' not in text
        and b"\\u0000" not in text
        and text.count(b"{") + text.count(b"[") <= _LEVELS // 2
        and (len(text) <= _ID_BYTES or (b"\\" not in text and max(map(len, text.split(b'"'))) <= _ID_BYTES))
    )


def check_write(change: Write) -> int:
    """Refuse with `UnstorableError` what the stores can't keep, or return the document's size in bytes."""
    check_document_path(change.path)
    size = 32 + sum(len(part.encode()) + 1 for part in change.path)
    if change.fields is not None:
        size += _size(change.fields, _LEVELS)
        if size > DOCUMENT_BYTES:
            raise UnstorableError(
                f"{_shown(change.path[-1])} has {size} bytes; a document has {DOCUMENT_BYTES} at most"
            )
    return size


def _size(value: Json, levels: int) -> int:
    match value:
        case str():
            if "\x00" in value:
                raise UnstorableError(f"{_shown(value)} holds the character U+0000, which can't be stored")
            return _bytes_of(value, "a value") + 1
        case None | bool():
            return 1
        case int():
            if not -(1 << 63) <= value < 1 << 63:
                raise UnstorableError(f"{value if abs(value) < 1 << 128 else 'An integer'} has more than 64 bits")
            return 8
        case float():
            if not math.isfinite(value):
                raise UnstorableError(f"{value} is no JSON: numbers are finite")
            return 8
        case dict():
            return _size_of_fields(value, levels)
        case list() | tuple():
            _refuse_depth(levels)
            return sum(_size_of_item(item, levels - 1) for item in value)
        case _:
            raise UnstorableError(f"A value of type {type(value).__name__} is no JSON")


def _size_of_item(item: Json, levels: int) -> int:
    if isinstance(item, list | tuple):
        return len(NESTED) + 1 + _size(item, levels - 1)
    if isinstance(item, dict) and item.keys() == {NESTED}:
        raise UnstorableError(f"A map in a list can't have {NESTED!r} as its only field")
    return _size(item, levels)


def _size_of_fields(fields: Fields, levels: int) -> int:
    _refuse_depth(levels)
    size = 0
    for name, value in fields.items():
        size += _size_of_name(name) + _size(value, levels - 1)
    return size


@lru_cache(maxsize=10_000)  # documents of a collection have the same names
def _size_of_name(name: str) -> int:
    if not isinstance(name, str):  # pyright: ignore[reportUnnecessaryIsInstance] # what came from outside may differ
        raise UnstorableError(f"{name!r} can't be the name of a field: names are text")
    if not name or "\x00" in name or _RESERVED.fullmatch(name):
        raise UnstorableError(f"{_shown(name)} can't be the name of a field: write one other than '' and '__x__'")
    length = _bytes_of(name, "the name of a field")
    if length > _ID_BYTES:
        raise UnstorableError(f"{_shown(name)} can't be the name of a field: it has more than {_ID_BYTES} bytes")
    return length + 1


def _refuse_depth(levels: int) -> None:
    if levels < 0:
        raise UnstorableError(f"Fields are nested more than {_LEVELS} levels deep")


def _bytes_of(text: str, what: str) -> int:
    if text.isascii():
        return len(text)
    try:
        return len(text.encode())
    except UnicodeEncodeError:
        raise UnstorableError(f"{_shown(text)} can't be {what}: it holds half of a surrogate pair") from None


def _shown(text: str) -> str:
    return ascii(text if len(text) <= 60 else text[:57] + "...")
