"""The words in which the table of variables says what becomes of one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from karst.adoption.draft import Draft
from karst.adoption.values import Derived, Text
from karst.config.errors import Location
from karst.drafts.yaml_text import Node

Apply: TypeAlias = Callable[[Draft, str], None]

NOT_FITTING = "it does not fit, see the warnings"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One or several variables of one fate."""

    names: tuple[str, ...]
    apply: Apply
    is_dropped: bool = False
    """Whether its value never matters."""
    is_secret: bool = False
    """Whether the value is a secret, which is referred to even where the file does not hold it."""


def words(text: str) -> tuple[str, ...]:
    """Names with blanks between them."""
    return tuple(text.split())


def keep(names: str, place: str, parse: Callable[[str], Node]) -> Row:
    """A variable that becomes the key `place`."""
    location: Location = tuple(place.split("."))

    def apply(draft: Draft, name: str) -> None:
        value = parsed(draft, name, parse)
        if value is not None:
            draft.put(location, value, name)

    return Row(names=words(names), apply=apply)


def keep_list(names: str, place: str) -> Row:
    """A variable that lists names and becomes the list `place`."""
    location: Location = tuple(place.split("."))

    def apply(draft: Draft, name: str) -> None:
        found = draft.items(name)
        if found:
            draft.put(location, list(dict.fromkeys(found)), name)
        else:
            draft.drop(name, "it lists nothing")

    return Row(names=words(names), apply=apply)


def drop(names: str, reason: str) -> Row:
    """Variables that nobody needs any more."""

    def apply(draft: Draft, name: str) -> None:
        draft.drop(name, reason)

    return Row(names=words(names), apply=apply, is_dropped=True)


def together(names: str) -> Row:
    """Variables that mean something only together with others: a step of `mapping` reads them."""

    def apply(_draft: Draft, _name: str) -> None:
        return

    return Row(names=words(names), apply=apply)


def with_(names: str, apply: Apply) -> Row:
    """A variable with a rule of its own."""
    return Row(names=words(names), apply=apply)


def parsed(draft: Draft, name: str, parse: Callable[[str], Node]) -> Node:
    """A variable's value by `parse`; None, and a warning, where it doesn't fit."""
    raw = draft.text(name)
    if raw is None:
        return None
    try:
        return parse(raw)
    except ValueError as error:
        draft.warn(name, f"It is left out: {error}.")
        draft.drop(name, NOT_FITTING)
        return None


def settle(draft: Draft, table: Mapping[str, Row]) -> None:
    """Let the table speak for every variable that it knows; whatever it doesn't is left for later."""
    for name, variable in draft.environment.variables.items():
        row = table.get(name)
        if row is None:
            continue
        value = variable.value
        if isinstance(value, Derived) and not (row.is_dropped or row.is_secret):
            draft.drop(name, f"it is {value.reason}, which is not read")
        elif isinstance(value, Text) and not value.value.strip() and not row.is_dropped:
            draft.drop(name, "it is empty")
        else:
            row.apply(draft, name)


def by_name(*rows: Row) -> dict[str, Row]:
    """Rows by the names they speak for."""
    found: dict[str, Row] = {}
    for row in rows:
        for name in row.names:
            if name in found:
                raise ValueError(f"the table speaks of {name} twice")
            found[name] = row
    return found
