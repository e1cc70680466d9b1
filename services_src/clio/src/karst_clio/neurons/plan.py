"""How a pattern is looked up in the store: queries that find at least what fits, for an exact look afterwards."""

from __future__ import annotations

from itertools import product

from karst_clio.neurons.query import Condition, Pattern
from karst_platform.stores.documents import Json, Path, Query

MOST_QUERIES = 32
_LONGEST_TEXT = 400
"""Longer text is not looked up: Firestore's indexes cut it off after 1,500 bytes."""

_Choice = tuple[str, Json, bool]
"""A field, a value, and whether the value is an element of the field's list."""


def plan(collection: Path, pattern: Pattern) -> list[Query] | None:
    """Queries that together find all documents that can fit, or None where only reading all of them does.

    A value may stand in the field itself or in its list, which stores look up apart: so there are two queries a value,
    and all combinations of several fields. Fields with few values come first, as many as `MOST_QUERIES` allows.
    """
    used: list[list[_Choice]] = []
    count = 1
    for choices in sorted((_choices(each) for each in pattern.conditions if _is_findable(each)), key=len):
        if count * len(choices) > MOST_QUERIES:
            break
        used.append(choices)
        count *= len(choices)
    if not used:
        return None
    queries = (_query(collection, combination) for combination in product(*used))
    return list({repr(query): query for query in queries}.values())  # by its text: to Python true is 1


def _query(collection: Path, combination: tuple[_Choice, ...]) -> Query:
    return Query(
        collection=collection,
        equals=tuple((name, value) for name, value, is_element in combination if not is_element),
        contains=tuple((name, value) for name, value, is_element in combination if is_element),
    )


def _is_findable(condition: Condition) -> bool:
    return (
        condition.is_plain
        and 0 < len(condition.name) <= _LONGEST_TEXT
        and "\x00" not in condition.name
        and all(_is_scalar(value) for value in condition.values)
    )


def _is_scalar(value: Json) -> bool:
    if isinstance(value, str):
        return len(value) <= _LONGEST_TEXT and "\x00" not in value
    return isinstance(value, bool | int | float)


def _choices(condition: Condition) -> list[_Choice]:
    return [(condition.name, value, is_element) for value in condition.values for is_element in (False, True)]
