"""Values in files: JSON, and a form for what a store knows and JSON doesn't.

Numbers with a fraction or an exponent are floats, others integers. An object whose only key begins with `$` stands for
something else; an object that itself has such a key is inside `$map`:

| Object | Value |
|---|---|
| `{"$timestamp": "2026-11-21T17:00:00.500Z"}` | a time |
| `{"$bytes": "AP8="}` | bytes, in base64 |
| `{"$reference": "projects/.../documents/clio_users/ada"}` | another document |
| `{"$geopoint": {"latitude": 47.5, "longitude": 0.0}}` | a place on earth |
| `{"$number": "NaN"}`, `"Infinity"`, `"-Infinity"` | what is no number |
| `{"$map": {"$bytes": 1}}` | the object `{"$bytes": 1}` |
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import cast

import orjson

from karst_platform.stores.documents import Fields, Json

TIMESTAMP, BYTES, REFERENCE, GEOPOINT, NUMBER, MAP = (
    "$timestamp",
    "$bytes",
    "$reference",
    "$geopoint",
    "$number",
    "$map",
)
_TAGS = frozenset({TIMESTAMP, BYTES, REFERENCE, GEOPOINT, NUMBER, MAP})


class UnknownValueError(ValueError):
    """A form that this Karst doesn't know."""


def tag_of(value: Mapping[str, Json]) -> str | None:
    """What an object in a file stands for, or None where it stands for itself. Raises UnknownValueError."""
    if not any(name.startswith("$") for name in value):
        return None
    name = next(iter(value))
    if len(value) != 1 or name not in _TAGS:
        raise UnknownValueError(f"an object with {name[:40]!r} is of a form that this Karst doesn't know")
    return name


def escaped(value: Json) -> Json:
    """A JSON value as files have it."""
    match value:
        case dict():
            inner = {name: escaped(item) for name, item in value.items()}
            return {MAP: inner} if any(name.startswith("$") for name in value) else inner
        case list() | tuple():
            return [escaped(item) for item in value]
        case _:
            return value


def plain(value: Json) -> Json:
    """A value of a file in JSON alone, just as services read it from Firestore.

    Times, bytes and references become text, what is no number null.
    """
    match value:
        case dict():
            tag = tag_of(value)
            if tag is None:
                return {name: plain(item) for name, item in value.items()}
            return _plain_of(tag, value[tag])
        case list() | tuple():
            return [plain(item) for item in value]
        case float():
            return value or 0.0  # JSONB has no negative zero
        case _:
            return value


def _plain_of(tag: str, inner: Json) -> Json:
    if tag == MAP:
        return plain_fields(cast("Fields", inner))
    return None if tag == NUMBER else inner


def plain_fields(fields: Fields) -> dict[str, Json]:
    """The fields of a document, or of a map in it, by `plain`."""
    return {name: plain(value) for name, value in fields.items()}


def number_of(text: str) -> float:
    """What is no number, by its name."""
    return {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}[text]


def name_of(number: float) -> str:
    """Inverse of `number_of`."""
    return "NaN" if math.isnan(number) else ("Infinity" if number > 0 else "-Infinity")


def is_same(one: Fields, other: Fields) -> bool:
    """Whether two documents are equal, integers and floats told apart."""
    return one == other and orjson.dumps(one, option=orjson.OPT_SORT_KEYS) == orjson.dumps(
        other, option=orjson.OPT_SORT_KEYS
    )
