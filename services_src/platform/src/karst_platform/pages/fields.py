"""Forms: which fields they have, what stands in them, and what is wrong with each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from fastapi import HTTPException

from karst_platform.pages.sent import Sent


class Kind(StrEnum):
    """How a field looks."""

    TEXT = "text"
    LINES = "lines"
    """Several lines of text."""
    EMAIL = "email"
    NUMBER = "number"
    URL = "url"
    DATE = "date"
    TICK = "tick"
    """A box; its value is "y" or blank."""
    CHOICE = "choice"
    """One of `choices`."""
    CHOICES = "choices"
    """Any of `choices`, each with a box; their values stand in `Form.chosen`."""
    HIDDEN = "hidden"


@dataclass(frozen=True)
class Choice:
    """What a field may hold, and how it is called."""

    value: str
    label: str


@dataclass(frozen=True, kw_only=True)
class Field:
    """One field of a form."""

    name: str
    label: str
    kind: Kind = Kind.TEXT
    hint: str = ""
    """Stands below the label."""
    choices: Sequence[Choice] = ()
    is_required: bool = False
    longest: int | None = None
    """In characters."""
    autocomplete: str = "off"


@dataclass(frozen=True, kw_only=True)
class Form:
    """Fields with what stands in them. Errors are by field; those under the blank name concern the whole."""

    fields: Sequence[Field]
    values: Mapping[str, str] = field(default_factory=dict[str, str])
    chosen: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    errors: Mapping[str, str] = field(default_factory=dict[str, str])

    def refused(self, error: HTTPException) -> Form:
        """The same form, saying why it was refused: at the field whose name the message begins with."""
        detail: object = error.detail
        message = str(detail.get("message", "")) if isinstance(detail, dict) else str(detail)
        named = next((each for each in self.fields if message.startswith(f"{each.name} ")), None)
        if named is None:
            return self.wrong("", message)
        return self.wrong(named.name, named.label + message.removeprefix(named.name))

    def wrong(self, name: str, message: str) -> Form:
        """The same form with one more error."""
        return replace(self, errors={**self.errors, name: message})

    @property
    def first_wrong(self) -> str:
        """Name of the first field with an error; blank where there is none."""
        return next((each.name for each in self.fields if each.name in self.errors), "")


def empty_form(fields: Sequence[Field], values: Mapping[str, str] | None = None) -> Form:
    """A form that nobody sent yet, with these values."""
    return Form(fields=fields, values=values or {})


def filled_form(fields: Sequence[Field], sent: Sent) -> Form:
    """A form as somebody sent it: only the fields that it has. What is needed and blank has an error already."""
    values = {each.name: sent.text(each.name) for each in fields}
    chosen = {each.name: sent.all(each.name) for each in fields if each.kind is Kind.CHOICES}
    form = Form(fields=fields, values=values, chosen=chosen)
    for each in fields:
        if each.is_required and not values[each.name]:
            form = form.wrong(each.name, f"{each.label} is missing.")
    return form
