"""What forms of the administration ask for, read as values that changes take, with what is wrong beside each field.

The names of fields are those that programs know which fill in such forms; a choice is told by its id. Whatever a form
doesn't have is refused: nobody sets by the way what its page doesn't offer, or takes for done what wasn't.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import cast

from karst_auth.changes.values import identifier, invalid
from karst_platform.cave.errors import CaveError
from karst_platform.pages import CSRF_FIELD, Choice, Field, Form, Kind, Sent, empty_form, filled_form

SEEN = "seen"
"""The hidden field that says what somebody saw before they changed it."""
_NO_FIELDS = frozenset({CSRF_FIELD, SEEN, "_add_another", "_continue_editing"})
_NOTHING = frozenset({"", "__None"})
_MENDABLE = frozenset({400, 404, 409, 422})
_DAY = "2026-01-02"
Value = str | int | bool | datetime | None
Values = Mapping[str, Value]


@dataclass(frozen=True, kw_only=True)
class Asking:
    """The fields of a form."""

    fields: Sequence[Field]
    unique: str = ""
    """The field that no two things have in common."""
    also: Mapping[str, str] = field(default_factory=dict[str, str])
    """Fields by other names, which programs and messages have for them."""

    def without(self, name: str) -> Asking:
        """The same form without one field."""
        return replace(self, fields=[each for each in self.fields if each.name != name])

    def empty(self, values: Values | None = None) -> Form:
        """The form with these values."""
        return empty_form(self.fields, {name: _text(value) for name, value in (values or {}).items()})

    def filled(self, sent: Sent) -> Form:
        """The form as somebody sent it. Raises CaveError, 400, for fields that it doesn't have."""
        known = {each.name for each in self.fields}
        pairs = tuple((self.also.get(name, name), value) for name, value in sent.pairs if name not in _NO_FIELDS)
        for name, _ in pairs:
            if name not in known:
                invalid(f"The form has no field {name[:40]!r}.")
        return filled_form(self.fields, Sent(pairs))

    def values(self, form: Form) -> Values:
        """What the fields say. Raises FormError where one can't be read."""
        values = dict[str, Value]()
        for each in self.fields:
            try:
                values[each.name] = _value(each, form.values[each.name])
            except ValueError as error:
                form = form.wrong(each.name, str(error))
        if form.errors:
            raise FormError(form)
        return values

    def refused(self, form: Form, error: CaveError) -> Form:
        """The form with what a change said against it. Raises the error itself where it's nothing to mend here."""
        if error.status_code not in _MENDABLE:
            raise error
        told = cast("Mapping[str, str]", error.detail)
        message, code = told["message"], told["error"]
        if code == "already_exists" and self.unique:
            return form.wrong(self.unique, message)
        for name, real in self.also.items():
            if message.startswith(f"{name} "):
                message = real + message.removeprefix(name)
        return form.refused(CaveError(error.status_code, code, message))


class FormError(Exception):
    """Something can't be read."""

    def __init__(self, form: Form) -> None:
        super().__init__("; ".join(form.errors.values()))
        self.form = form


def message_of(error: CaveError) -> str:
    """What an error says to people."""
    return str(cast("Mapping[str, str]", error.detail)["message"])


def id_of(text: str, name: str) -> int:
    """An id that a form has. Raises CaveError, 400 or 422."""
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        invalid(f"{name} is missing: write a number.")
    return identifier(int(text), name)


def choices(rows: Sequence[tuple[int, str]]) -> Sequence[Choice]:
    """What one may choose, by ids."""
    return [Choice(str(id_), name) for id_, name in rows]


def _value(each: Field, text: str) -> Value:
    match each.kind:
        case Kind.TICK:
            return text.lower() in ("1", "on", "true", "y", "yes")
        case Kind.NUMBER:
            return _number(each, text)
        case Kind.CHOICE:
            return _choice(each, text)
        case Kind.DATE:
            return _date(each, text)
        case _:
            return text.replace("\r\n", "\n")


def _number(each: Field, text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,19}", text):
        raise ValueError(f"{each.label} is a whole number.")
    return int(text)


def _choice(each: Field, text: str) -> int | None:
    if text in _NOTHING and not each.is_required:
        return None
    found = next((choice.value for choice in each.choices if choice.value == text), None)
    if found is None:
        raise ValueError(f"{each.label}: choose one of the list.")
    return int(found)


def _date(each: Field, text: str) -> datetime | None:
    """A day, or a time as some programs write it; UTC without a zone."""
    if not text and not each.is_required:
        return None
    try:
        told = date.fromisoformat(text) if len(text) == len(_DAY) else datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{each.label} is a day: write it as {_DAY}.") from None
    if isinstance(told, datetime):
        return (told.astimezone(UTC) if told.tzinfo is not None else told).replace(tzinfo=None)
    return datetime(told.year, told.month, told.day)  # noqa: DTZ001 - as the tables keep them


def _text(value: Value) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "y" if value else ""
        case datetime():
            return value.date().isoformat()
        case _:
            return str(value)
