"""Whether a condition of a shell file holds, where its text alone tells. Files, commands and patterns are not asked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from karst.adoption.shell_tokens import Literal, Reference, Word
from karst.adoption.shell_values import Values
from karst.adoption.shell_words import NAME
from karst.adoption.values import Items, Text

_OPERAND = rf"\s*(?:(\$?\{{?{NAME}\}}?)|(-?[0-9]{{1,18}}))\s*"
_COMPARISON = re.compile(rf"{_OPERAND}(>=|<=|==|!=|>|<){_OPERAND}\Z")
_INTEGER = re.compile(r"\s*[-+]?[0-9]{1,18}\s*\Z")
_BY_WORD = {"-gt": ">", "-ge": ">=", "-lt": "<", "-le": "<=", "-eq": "==", "-ne": "!="}
_TEXT_OPERATORS = {"=": True, "==": True, "!=": False}
_PATTERN = re.compile(r"[*?\[\\]")


def arithmetic(body: str, values: Values) -> bool | None:
    """Whether `((body))` holds, for one comparison of whole numbers; None where it takes more to tell."""
    found = _COMPARISON.match(body)
    if found is None:
        return None
    left = _number(found[1], found[2], values)
    right = _number(found[4], found[5], values)
    return None if left is None or right is None else _compare(left, found[3], right)


def test(words: Sequence[Word], values: Values) -> bool | None:
    """Whether `[ ... ]`, `[[ ... ]]` or `test ...` holds; None where the text alone does not tell."""
    opening, inner = words[0].bare, list(words[1:])
    if opening in {"[", "[["}:
        closing = "]" if opening == "[" else "]]"
        if not inner or inner[-1].bare != closing:
            return None
        inner.pop()
    for joint, combine in (("&&", all), ("-a", all), ("||", any), ("-o", any)):
        at = [position for position, word in enumerate(inner) if word.bare == joint]
        if at and len(inner) > 3:
            texts = _texts(inner, values, is_double=opening == "[[")
            if texts is None or len(texts) != len(inner):
                return None
            bounds = [-1, *at, len(inner)]
            parts = [
                _simple(inner[left + 1 : right], values, is_double=opening == "[[") for left, right in pairwise(bounds)
            ]
            return None if None in parts else combine(parts)
    return _simple(inner, values, is_double=opening == "[[")


def _simple(words: Sequence[Word], values: Values, *, is_double: bool) -> bool | None:
    most = max(len(words) - 1, 0)
    count = next((at for at, word in enumerate(words[:most]) if word.bare != "!"), most)
    rest, negated = words[count:], count % 2 == 1
    if is_double and len(rest) == 3 and _PATTERN.search(_unquoted(rest[2])):
        return None
    texts = _texts(rest, values, is_double=is_double)
    found = None if texts is None else _holds(texts)
    return found if found is None else found != negated


def _texts(words: Sequence[Word], values: Values, *, is_double: bool) -> list[str] | None:
    """What the test really gets: outside of `[[`, an empty reference without quotes is no argument at all."""
    if is_double:
        folded = [values.text(word.pieces, word.line, is_quiet=True).value for word in words]
        texts = [value.value for value in folded if isinstance(value, Text)]
        return texts if len(texts) == len(words) else None
    value = values.items(words, is_quiet=True).value
    return list(value.values) if isinstance(value, Items) else None


def _holds(texts: Sequence[str]) -> bool | None:
    match list(texts):
        case []:
            return False
        case [text]:
            return bool(text)
        case ["-z", text]:
            return not text
        case ["-n", text]:
            return bool(text)
        case [left, operator, right] if operator in _TEXT_OPERATORS:
            return (left == right) is _TEXT_OPERATORS[operator]
        case [left, operator, right] if operator in _BY_WORD and _INTEGER.match(left) and _INTEGER.match(right):
            return _compare(int(left), _BY_WORD[operator], int(right))
        case _:
            return None


def _number(name: str | None, digits: str | None, values: Values) -> int | None:
    if name is None:
        return int(digits or "0")
    value = values.text([Reference(name.strip("${}"), "", is_quoted=True)], 0, is_quiet=True).value
    if value == Text(value="") and not name.startswith("$"):
        return 0
    return int(value.value) if isinstance(value, Text) and _INTEGER.match(value.value) else None


def _compare(left: int, operator: str, right: int) -> bool:
    return {
        ">": left > right,
        ">=": left >= right,
        "<": left < right,
        "<=": left <= right,
        "==": left == right,
        "!=": left != right,
    }[operator]


def _unquoted(word: Word) -> str:
    return "".join(piece.text for piece in word.pieces if isinstance(piece, Literal) and not piece.is_quoted)
