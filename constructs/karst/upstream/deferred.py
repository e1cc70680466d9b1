"""Values that are known only where a program runs: secrets, and what is made of them.

A template is rendered at synthesis, without any secret. Where it names one it gets a `Deferred`, which remembers what
the template's filters would do; `fill_secrets.py` does it in the pod.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

Expression = object
"""A literal, or a mapping of one verb to what it works on; see `fill_secrets.evaluate`."""

_NAME = re.compile(r"[A-Z][A-Z0-9_]*\Z")


class DeferredUseError(ValueError):
    """A template does with a secret what can't be put off until its value is known."""


class Deferred:
    """Stands for a value that nobody has yet. Only Karst's own filters take it: all else is an error, never a gap."""

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, expression: Expression) -> None:
        self.expression = expression

    def _refuse(self) -> DeferredUseError:
        return DeferredUseError(
            "a secret is used in a way that needs its value. Pass it through pyliteral, json, ini or dsn, or write "
            "it alone between the braces"
        )

    def __str__(self) -> str:
        raise self._refuse()

    __repr__ = __str__

    def __bool__(self) -> bool:
        raise self._refuse()

    def __eq__(self, other: object) -> bool:
        raise self._refuse()


def secret(name: str) -> Deferred:
    """The value of the secret called `name`."""
    if not _NAME.match(name):
        raise ValueError(f"'{name}' is no name of a secret. Write capitals, digits and underscores")
    return Deferred({"secret": name})


def joined(*parts: str | Deferred) -> Deferred:
    """Text with deferred values in between."""
    return Deferred({"join": [part.expression if isinstance(part, Deferred) else part for part in parts]})


def encoded(verb: str, value: object) -> Deferred:
    """What the encoder called `verb` will make of `value`, in which there is something deferred."""
    return Deferred({verb: expression(value)})


def is_deferred(value: object) -> bool:
    """Whether anything in `value`, which is made of plain types, is known later only."""
    if isinstance(value, Deferred):
        return True
    if isinstance(value, Mapping):
        return any(is_deferred(inner) for inner in value.values())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return any(is_deferred(inner) for inner in value)
    return False


def expression(value: object) -> Expression:
    """`value`, made of plain types and deferred ones, in the words of `fill_secrets`."""
    if isinstance(value, Deferred):
        return value.expression
    if isinstance(value, Mapping):
        return {"map": {str(key): expression(value[key]) for key in value}}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return {"list": [expression(each) for each in value]}
    return value
