"""The language in which clients ask for bodies, and whether an annotation is what they ask for.

An object asks that each of its fields fits, a list of objects that one of them does:

    [{"type": "re/^DN", "status": ["Anchor", "Traced"]}, {"bodyid": [23, 101]}]
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, TypeGuard

import re2

from karst_clio.neurons.errors import BadInputError
from karst_clio.neurons.records import BODY_ID, key_of
from karst_platform.stores.documents import Fields, Json

MOST_OBJECTS = 1000
"""How many objects a query has at the most, not counting those that only name bodies."""
MOST_EXPRESSIONS = 100
_EXPRESSION, _ABSENT, _PRESENT = "re/", "exists/0", "exists/1"


class Expression(Protocol):
    """A compiled regular expression."""

    def search(self, text: str) -> object | None:
        """Something where a part of the text fits."""
        ...


@dataclass(frozen=True, kw_only=True)
class Condition:
    """What one field must be: one of some values, or text that fits an expression, or there, or not there."""

    name: str
    values: tuple[Json, ...] = ()
    expressions: tuple[Expression, ...] = ()
    presence: frozenset[bool] = frozenset()

    @property
    def is_plain(self) -> bool:
        """Whether it asks for values only, which a store can look up."""
        return not self.expressions and not self.presence

    @cached_property
    def _keys(self) -> frozenset[Hashable]:
        return frozenset(map(key_of, self.values))

    def fits(self, annotation: Fields) -> bool:
        """Whether an annotation's field is what is asked for: itself, or for a list one of its elements."""
        value = None if self.name.startswith("_") else annotation.get(self.name)  # those are the store's own
        if value is None:
            return False in self.presence
        if True in self.presence or key_of(value) in self._keys:
            return True
        items: Sequence[Json] = value if isinstance(value, list) else (value,)
        if self._keys and any(item is not None and key_of(item) in self._keys for item in items):
            return True
        return any(each.search(item) for each in self.expressions for item in items if isinstance(item, str))


@dataclass(frozen=True, kw_only=True)
class Pattern:
    """One object of a query."""

    bodies: tuple[int, ...] | None
    """The only bodies that can fit, where it names some."""
    conditions: tuple[Condition, ...]

    def fits(self, annotation: Fields) -> bool:
        """Whether all conditions hold."""
        return all(condition.fits(annotation) for condition in self.conditions)


@dataclass(frozen=True, kw_only=True)
class BodyQuery:
    """A whole query: what fits one of the patterns, or is one of the bodies."""

    patterns: tuple[Pattern, ...]
    bodies: tuple[int, ...]
    """Bodies that are asked for by nothing but their ids; each once."""


def parse_query(asked: Json) -> BodyQuery:
    """Understand a query. Raises `BadInputError` for what is none."""
    objects: Sequence[Json] = asked if isinstance(asked, list) else [asked]
    if not objects:
        raise BadInputError("The query is an empty list: write at least one object")
    patterns = [_pattern(each) for each in objects]
    named = [body for each in patterns if not each.conditions for body in each.bodies or ()]
    others = tuple(each for each in patterns if each.conditions or each.bodies is None)
    if len(others) > MOST_OBJECTS:
        raise BadInputError(f"The query has more than {MOST_OBJECTS} objects")
    if sum(len(condition.expressions) for each in others for condition in each.conditions) > MOST_EXPRESSIONS:
        raise BadInputError(f"The query has more than {MOST_EXPRESSIONS} regular expressions")
    return BodyQuery(patterns=others, bodies=tuple(dict.fromkeys(named)))


def _pattern(asked: Json) -> Pattern:
    if not isinstance(asked, Mapping):
        raise BadInputError("The query is neither an object nor a list of objects")
    conditions = {name: _condition(name, value) for name, value in asked.items()}
    id_condition = conditions.get(BODY_ID)
    if id_condition is None or not id_condition.is_plain:
        return Pattern(bodies=None, conditions=tuple(conditions.values()))
    bodies = tuple(dict.fromkeys(int(value) for value in id_condition.values if _is_whole(value)))
    others = tuple(condition for name, condition in conditions.items() if name != BODY_ID)
    return Pattern(bodies=bodies, conditions=others)


def _is_whole(value: Json) -> TypeGuard[int | float]:
    return not isinstance(value, bool) and (isinstance(value, int) or (isinstance(value, float) and value.is_integer()))


def _condition(name: str, asked: Json) -> Condition:
    values: list[Json] = []
    expressions: list[Expression] = []
    presence: set[bool] = set()
    for each in asked if isinstance(asked, list) else [asked]:
        if each in (_ABSENT, _PRESENT):
            presence.add(each == _PRESENT)
        elif isinstance(each, str) and each.startswith(_EXPRESSION):
            expressions.append(_expression(each.removeprefix(_EXPRESSION)))
        elif each is not None:
            values.append(each)
    return Condition(name=name, values=tuple(values), expressions=tuple(expressions), presence=frozenset(presence))


def _expression(text: str) -> Expression:
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(text, options)
    except re2.error as error:
        reason = error.args[0].decode(errors="replace") if error.args else "it can't be read"
        raise BadInputError(f"Bad regular expression {text!r}: {reason}") from None
