"""Fills the templates of upstream's configuration files and settings.

A value that lands in Python, JSON or INI passes through the filter of that language, so that a password with quotes,
backslashes or percent signs arrives as it is and can't become code.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import cast
from urllib.parse import quote

from jinja2 import Environment, StrictUndefined, TemplateError, TemplateSyntaxError, UndefinedError, meta

_DSN_PARTS = ("user", "host", "port", "name")
_SCALARS = (str, int, float, bool, type(None))


class RenderError(ValueError):
    """A template that can't be filled; the message says which value is missing or where the template is wrong."""


def render(template_text: str, values: Mapping[str, object]) -> str:
    """The text of `template_text` with `values` filled in. Raises `RenderError`; nothing is left empty."""
    try:
        return _environment().from_string(template_text).render(dict(values))
    except TemplateSyntaxError as fault:
        raise RenderError(f"the template is wrong in line {fault.lineno}: {fault.message}. Correct it") from fault
    except UndefinedError as fault:
        known = ", ".join(sorted(values)) or "nothing"
        raise RenderError(f"a value is missing: {fault.message}. Known here: {known}") from fault
    except (TemplateError, TypeError) as fault:
        raise RenderError(f"the template can't be filled: {fault}") from fault


def names_in(template_text: str) -> frozenset[str]:
    """The values that a template asks for. Raises jinja2's `TemplateSyntaxError` where it is wrong."""
    environment = _environment()
    return frozenset(meta.find_undeclared_variables(environment.parse(template_text)))


def pyliteral(value: object) -> str:
    """`value` as Python source, in ASCII: text, numbers, booleans, None, and lists and mappings of these."""
    return ascii(_plain(value))


def to_json(value: object) -> str:
    """`value` as JSON on one line, which is YAML too; keys in order."""
    return json.dumps(_plain(value), sort_keys=True, allow_nan=False)


def ini(value: object) -> str:
    """`value` as an entry of an INI file that Python's `configparser` reads; it takes `%` for its own sign."""
    text = str(_plain(value))
    if text != text.strip() or not text.isprintable():
        raise RenderError("a value for an INI file has blanks at an end, or breaks its line. Write one without these")
    return text.replace("%", "%%")


def dsn(database: Mapping[str, object], password: str, driver: str = "postgresql") -> str:
    """The URL of a database (its user, host, port and name) with the password of the user."""
    missing = [part for part in _DSN_PARTS if part not in database]
    if missing:
        raise RenderError(f"the database lacks {', '.join(missing)}. Give all of {', '.join(_DSN_PARTS)}")
    user, host, port, name = (str(database[part]) for part in _DSN_PARTS)
    login = ":".join(quote(part, safe="") for part in (user, str(_plain(password))))
    return f"{driver}://{login}@{host}:{port}/{quote(name, safe='')}"


def redis_url(redis: Mapping[str, object], database: int = 0) -> str:
    """The URL of a Redis instance from its host and port. Upstream's images speak neither TLS nor AUTH with it."""
    missing = [part for part in ("host", "port") if part not in redis]
    if missing:
        raise RenderError(f"the Redis instance lacks {' and '.join(missing)}. Give host and port")
    return f"redis://{redis['host']}:{redis['port']}/{database}"


def _environment() -> Environment:
    # Nothing is escaped for HTML: each value passes through the filter of the file's own language.
    environment = Environment(undefined=StrictUndefined, keep_trailing_newline=True, autoescape=False)  # noqa: S701
    # Jinja's own type of this mapping is inferred from its built-in filters, and admits no other.
    filters = cast("dict[str, Callable[..., object]]", environment.filters)
    filters.update({"pyliteral": pyliteral, "json": to_json, "ini": ini, "dsn": dsn, "redis_url": redis_url})
    return environment


def _plain(value: object) -> object:
    """`value` made of plain types only; an unknown or undefined one is an error, never its `repr`."""
    if isinstance(value, StrictUndefined):
        str(value)
    if type(value) in _SCALARS:
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(value[key]) for key in value}
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [_plain(each) for each in value]
    raise RenderError(f"a value of type {type(value).__name__} has no place in a file. Give text, numbers or lists")
