"""Checks of values that people and programs send: whatever fails is answered with 400 or 422, and nothing is done."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NoReturn

from karst_platform.cave.errors import CaveError

LARGEST_ID = 2**31 - 1
LARGEST_ROOT = 2**63 - 1
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_LINES = re.compile(r"[\r\n\t]")
_EMAIL = re.compile(r"[^@\s<>,;\"']+@[^@\s<>,;\"']+")


def invalid(message: str) -> NoReturn:
    """Refuse with 400."""
    raise CaveError(400, "bad_request", message)


def text(value: object, name: str, longest: int, *, may_be_blank: bool = False, has_lines: bool = False) -> str:
    """One line of text, or several where `has_lines`, without spaces around it."""
    if not isinstance(value, str):
        invalid(f"{name} is missing: write a text.")
    plain = value.strip()
    if not plain and not may_be_blank:
        invalid(f"{name} is blank: write a text.")
    if _CONTROL.search(plain) or (not has_lines and _LINES.search(plain)) or not _is_encodable(plain):
        invalid(f"{name} has characters that can't be kept.")
    if len(plain) > longest:
        raise CaveError(422, "too_long", f"{name} is longer than {longest} characters.")
    return plain


def email(value: object) -> str:
    """An e-mail address, in small letters: whoever signs in is looked up by it."""
    address = text(value, "email", 120).lower()
    if not _EMAIL.fullmatch(address):
        invalid("email is no address: write it as ada@example.org.")
    return address


def identifier(value: object, name: str, largest: int = LARGEST_ID) -> int:
    """A whole number that can be an id."""
    if isinstance(value, bool) or not isinstance(value, int):
        invalid(f"{name} is missing: write a number.")
    if not 0 <= value <= largest:
        raise CaveError(422, "out_of_range", f"{name} is out of range.")
    return value


def flag(value: object, name: str) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        invalid(f"{name} is missing: write true or false.")
    return value


def needed(body: Mapping[str, object], name: str) -> object:
    """A value that must be there, though it may be null."""
    if name not in body:
        invalid(f"{name} is missing.")
    return body[name]


def only(body: Mapping[str, object], names: frozenset[str]) -> Mapping[str, object]:
    """What may be changed this way; anything else is refused, so that nothing is taken for done that wasn't."""
    other = sorted(body.keys() - names)
    if other:
        invalid(f"Only these can be changed: {', '.join(sorted(names))}.")
    if not body:
        invalid(f"Nothing to change. These can be: {', '.join(sorted(names))}.")
    return body


def _is_encodable(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
