"""Strikes credentials out of whatever is logged or traced.

Three nets, one behind the other: values that are secrets of this process (`hide`), values that the request at hand
carries as credentials (`carried`), and text that looks like a credential.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import unquote_plus

from starlette.types import Scope

STRUCK_OUT = "[removed]"
_SHORTEST = 8
"""Shorter values are no secrets, and would be found in every other word."""
_NAMES = r"(?:token|password|passwd|secret|api[_-]?key|authorization|cookie|signature|credential|session)s?"
_NAME = re.compile(rf"(?i){_NAMES}$")
_QUOTES = r"[\"'\\]*"
_LOOKS_LIKE = (
    (re.compile(r"(?i)\b(bearer|basic)(\s+|%20)[A-Za-z0-9._~+/=%-]+"), rf"\1\2{STRUCK_OUT}"),
    (re.compile(r"(?i)(://[^/\s:@'\"]*:)[^/\s@'\"]+@"), rf"\1{STRUCK_OUT}@"),
    (
        re.compile(rf"(?i)([a-z0-9_-]*{_NAMES}{_QUOTES}\s*(?:=|:|%3d|(?<=[\"']),)\s*b?{_QUOTES})([^\s\"'\\&,;}})\]]+)"),
        rf"\1{STRUCK_OUT}",
    ),
    (re.compile(r"(?:ya29\.|AIza|eyJ)[A-Za-z0-9._%-]{10,}"), STRUCK_OUT),
)
_hidden: set[str] = set()


def hide(values: Iterable[str]) -> None:
    """Never show these again; what is shorter than eight characters is no secret."""
    _hidden.update(value for value in values if len(value) >= _SHORTEST)


def carried(scope: Scope) -> frozenset[str]:
    """What the headers and the query of a request bring that may be a credential, as it came and decoded."""
    found: set[str] = set()
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        if name == "cookie":
            found.update(part.partition("=")[2].strip('" ') for part in value.split(";"))
        elif _NAME.search(name):
            found.update((value, value.rpartition(" ")[2]))
    for part in scope.get("query_string", b"").decode("latin-1").split("&"):
        name, _, value = part.partition("=")
        if _NAME.search(unquote_plus(name)):
            found.add(value)
    found |= {unquote_plus(value) for value in found}
    return frozenset(value for value in found if len(value) >= _SHORTEST)


def strike_out(text: str, known: Iterable[str] = ()) -> str:
    """`text` without the secrets of this process, without `known` ones, and without what looks like one."""
    for secret in (*_hidden, *known):
        text = text.replace(secret, STRUCK_OUT)
    for pattern, kept in _LOOKS_LIKE:
        text = pattern.sub(kept, text)
    return text


def cleaned(value: object, known: Iterable[str] = (), *, name: str = "") -> object:
    """A value for JSON without credentials at any depth; what stands under a telling name is one, whatever it is."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if _NAME.search(name):
        return STRUCK_OUT
    if isinstance(value, Mapping):
        return cleaned_fields({str(key): each for key, each in value.items()}, known)
    if isinstance(value, list | tuple | set | frozenset):
        return [cleaned(each, known) for each in value]
    return strike_out(value if isinstance(value, str) else str(value), known)


def cleaned_fields(fields: Mapping[str, object], known: Iterable[str] = ()) -> dict[str, object]:
    """Values by name, for JSON, without credentials."""
    return {strike_out(name, known): cleaned(each, known, name=name) for name, each in fields.items()}
