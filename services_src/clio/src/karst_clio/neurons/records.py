"""Annotations as clients see them: fields, and for each field who set it and when.

The field `type` has the pair `type_user`, `type_time`. Names that begin with `_` are the store's own.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from enum import StrEnum

import orjson

from karst_platform.stores.documents import Fields, Json

BODY_ID = "bodyid"
USER_SUFFIX, TIME_SUFFIX = "_user", "_time"
WITHOUT_PAIR = frozenset({BODY_ID, "user"})
"""Fields of which nobody notes who set them."""


class Show(StrEnum):
    """Which fields of the pairs an answer has."""

    NONE = "none"
    USER = "user"
    TIME = "time"
    ALL = "all"

    @classmethod
    def of(cls, text: str) -> Show:
        """What a client asked for; whatever we don't know shows neither."""
        return cls(text) if text in {each.value for each in cls} else cls.NONE

    @property
    def hidden(self) -> tuple[str, ...]:
        """Ends of the names that stay away."""
        users = () if self in (Show.USER, Show.ALL) else (USER_SUFFIX,)
        return users if self in (Show.TIME, Show.ALL) else (*users, TIME_SUFFIX)


class _Names(dict[str, bool]):
    """Whether a name passes, remembered: annotations of a dataset have the same names."""

    def __init__(self, passes: Callable[[str], bool]) -> None:
        super().__init__()
        self._passes = passes

    def __missing__(self, name: str) -> bool:
        if len(self) > _MOST_NAMES:
            self.clear()
        self[name] = self._passes(name)
        return self[name]


_MOST_NAMES = 10_000
_PUBLIC = _Names(lambda name: not name.startswith("_"))
_WANTED = {show: _Names(lambda name, hidden=show.hidden: not (hidden and name.endswith(hidden))) for show in Show}
_SHOWN = {show: _Names(lambda name, wanted=_WANTED[show]: _PUBLIC[name] and wanted[name]) for show in Show}


def is_of_pair(name: str) -> bool:
    """Whether a field says who or when of another."""
    return name.endswith((USER_SUFFIX, TIME_SUFFIX))


def base_of(name: str) -> str:
    """The field of which one of a pair speaks."""
    return name[: -len(USER_SUFFIX)]


def public(fields: Fields) -> dict[str, Json]:
    """The annotation in a stored document: without the store's own fields."""
    return {name: value for name, value in fields.items() if _PUBLIC[name]}


def encode(stored: Fields, show: Show) -> bytes:
    """The JSON text of the annotation in a stored document, with the fields that are asked for."""
    shown = _SHOWN[show]
    return orjson.dumps({name: value for name, value in stored.items() if shown[name]})


def encode_with_origin(stored: Fields, show: Show) -> bytes:
    """The same with the store's own fields, which say when and by whom it was written."""
    wanted = _WANTED[show]
    return orjson.dumps({name: value for name, value in stored.items() if wanted[name]})


def key_of(value: Json) -> Hashable:
    """Something equal for equal JSON values and for no others: 5 and 5.0 are equal, 1 and true are not."""
    match value:
        case bool() | None | str():
            return (type(value), value)
        case int() | float():
            return (float, value)
        case Mapping():
            return (dict, frozenset((name, key_of(item)) for name, item in value.items()))
        case _:
            return (list, tuple(key_of(item) for item in value))


def is_same(one: Json, other: Json) -> bool:
    """Whether two JSON values are equal."""
    if isinstance(one, str) or isinstance(other, str):
        return one == other
    return one == other and key_of(one) == key_of(other)
