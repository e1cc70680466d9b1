"""Which attributes a change touches, by name; their values only where they may be shown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from karst.plan.model import JsonValue, ResourceChange
from karst.plan.shown_values import LATER, MAPS_OF_AMOUNTS, NOTHING, SENSITIVE, SHOWN_KEYS, shown

_ATTRIBUTE = re.compile(r"[a-z][a-z0-9_]{0,60}")
_UNNAMED = "(unnamed)"
_REPEATED = frozenset({"id", "etag", "self_link", "effective_labels", "terraform_labels", "effective_annotations"})
"""Attributes in which the provider repeats others."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One attribute that changes."""

    path: str
    """Names of blocks and of the attribute, with dots; positions in lists and keys of maps are left out."""
    before: str | None = None
    """None where the value may not be shown."""
    after: str | None = None


@dataclass(frozen=True, kw_only=True)
class _Marks:
    """What a plan says of a value: secret, or not known yet; in the shape of the value."""

    unknown: JsonValue
    before: JsonValue
    after: JsonValue

    def below(self, key: str | int) -> _Marks:
        return _Marks(unknown=_child(self.unknown, key), before=_child(self.before, key), after=_child(self.after, key))

    @property
    def is_sensitive(self) -> bool:
        return self.before is True or self.after is True


def differences(change: ResourceChange) -> tuple[Difference, ...]:
    """Attributes that differ before and after, in order of their names; of a new object, all that it sets."""
    marks = _Marks(unknown=change.unknown, before=change.before_sensitive, after=change.after_sensitive)
    found: dict[str, list[Difference]] = {}
    for one in _of_block(dict(change.before), dict(change.after), marks, ""):
        found.setdefault(one.path, []).append(one)
    return tuple(_together(path, found[path]) for path in sorted(found))


def _together(path: str, several: list[Difference]) -> Difference:
    """One line for an attribute that changes in several blocks; their values, if they are the same in all."""
    first = several[0]
    return first if all(one == first for one in several) else Difference(path=path)


def _of_block(before: JsonValue, after: JsonValue, marks: _Marks, path: str) -> Iterator[Difference]:
    old = before if isinstance(before, dict) else {}
    new = after if isinstance(after, dict) else {}
    unknown = marks.unknown if isinstance(marks.unknown, dict) else {}
    for key in {**old, **new, **unknown}:
        if (not path and key in _REPEATED) or (not unknown.get(key) and old.get(key) == new.get(key)):
            continue
        name = key if _ATTRIBUTE.fullmatch(key) else _UNNAMED
        where = f"{path}.{name}" if path else name
        yield from _of_value(old.get(key), new.get(key), marks.below(key), where)


def _of_value(before: JsonValue, after: JsonValue, marks: _Marks, path: str) -> Iterator[Difference]:
    if _is_nothing(before) and _is_nothing(after) and not _is_marked(marks.unknown):
        return
    if before == after and not _is_marked(marks.unknown):
        return
    if marks.is_sensitive:
        yield Difference(path=path, before=SENSITIVE, after=LATER if marks.unknown is True else SENSITIVE)
    elif marks.unknown is True:
        yield Difference(path=path, before=_shown(path, before, marks), after=LATER)
    elif _holds_blocks(before) or _holds_blocks(after):
        yield from _of_blocks(before, after, marks, path)
    elif isinstance(before, dict) or isinstance(after, dict):
        yield from _of_map(before, after, marks, path)
    else:
        yield Difference(path=path, before=_shown(path, before, marks), after=_shown(path, after, marks))


def _of_blocks(before: JsonValue, after: JsonValue, marks: _Marks, path: str) -> Iterator[Difference]:
    old = before if isinstance(before, list) else []
    new = after if isinstance(after, list) else []
    for index in range(max(len(old), len(new))):
        one = old[index] if index < len(old) else None
        other = new[index] if index < len(new) else None
        if one == other and not marks.unknown:
            continue
        below = marks.below(index)
        if below.is_sensitive and one != other:
            yield Difference(path=path, before=SENSITIVE, after=SENSITIVE)
        elif one != other or _is_marked(below.unknown):
            yield from _of_block(one, other, below, path)


def _of_map(before: JsonValue, after: JsonValue, marks: _Marks, path: str) -> Iterator[Difference]:
    """A map's keys are somebody's own words: only how many entries it has is said, but for amounts."""
    old = before if isinstance(before, dict) else {}
    new = after if isinstance(after, dict) else {}
    if path.rpartition(".")[2] in MAPS_OF_AMOUNTS and {*old, *new} <= SHOWN_KEYS:
        for key in sorted({*old, *new}):
            yield from _of_value(old.get(key), new.get(key), marks.below(key), f"{path}.{key}")
    else:
        yield Difference(path=path, before=_entries(old), after=_entries(new))


def _entries(value: dict[str, JsonValue]) -> str:
    return NOTHING if not value else "1 entry" if len(value) == 1 else f"{len(value)} entries"


def _shown(path: str, value: JsonValue, marks: _Marks) -> str | None:
    # A mark anywhere inside a value that is no block hides all of it.
    return SENSITIVE if _is_marked(marks.before) or _is_marked(marks.after) else shown(path, value)


def _holds_blocks(value: JsonValue) -> bool:
    return isinstance(value, list) and any(isinstance(item, dict) for item in value)


def _is_nothing(value: JsonValue) -> bool:
    # Providers fill in false and zero for what nobody set.
    return not value


def _is_marked(marks: JsonValue) -> bool:
    items = marks.values() if isinstance(marks, dict) else marks if isinstance(marks, list) else ()
    return marks is True or any(_is_marked(item) for item in items)


def _child(marks: JsonValue, key: str | int) -> JsonValue:
    if marks is True:
        return True
    if isinstance(marks, dict) and isinstance(key, str):
        return marks.get(key, False)
    if isinstance(marks, list) and isinstance(key, int) and key < len(marks):
        return marks[key]
    return False
