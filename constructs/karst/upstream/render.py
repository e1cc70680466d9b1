"""Fills the templates of upstream's configuration files and settings.

A value that lands in Python, JSON or INI passes through the filter of that language, so that a password with quotes,
backslashes or percent signs arrives as it is and can't become code. A file with secrets becomes a skeleton: the same
filters are then applied in the pod, where the values are.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache, lru_cache
from typing import cast

from jinja2 import Environment, StrictUndefined, Template, TemplateError, TemplateSyntaxError, UndefinedError, meta
from jinja2.nativetypes import NativeCodeGenerator

from karst.upstream import fill_secrets
from karst.upstream.deferred import Deferred, DeferredUseError, encoded, expression, is_deferred, joined

_DSN_PARTS = ("user", "host", "port", "name")
_SCALARS = (str, int, float, bool, type(None))


class RenderError(ValueError):
    """A template that can't be filled; the message says which value is missing or where the template is wrong."""


def render(template_text: str, values: Mapping[str, object]) -> str:
    """The text of `template_text` with `values` filled in. Raises `RenderError`; nothing is left empty."""
    parts = _parts(template_text, values)
    if any(isinstance(part, Deferred) for part in parts):
        raise RenderError("the template names a secret, but its text is no secret. Declare the file with is_secret")
    return "".join(part for part in parts if isinstance(part, str))


def skeleton(template_text: str, values: Mapping[str, object]) -> str:
    """The parts of `template_text` as JSON: text, and where a secret stands what `fill_secrets` does with its value.

    Raises `RenderError`.
    """
    parts: list[object] = []
    for part in _parts(template_text, values):
        if isinstance(part, str) and parts and isinstance(parts[-1], str):
            parts[-1] += part
        else:
            parts.append(expression(part))
    return json.dumps(parts)


def _parts(template_text: str, values: Mapping[str, object]) -> list[str | Deferred]:
    try:
        template = _compiled(template_text)
        found = template.root_render_func(template.new_context(dict(values)))
        return [part if isinstance(part, Deferred) else str(part) for part in found]
    except TemplateSyntaxError as fault:
        raise RenderError(f"the template is wrong in line {fault.lineno}: {fault.message}. Correct it") from fault
    except UndefinedError as fault:
        known = ", ".join(sorted(values)) or "nothing"
        raise RenderError(f"a value is missing: {fault.message}. Known here: {known}") from fault
    except (TemplateError, TypeError, DeferredUseError) as fault:
        raise RenderError(f"the template can't be filled: {fault}") from fault


def names_in(template_text: str) -> frozenset[str]:
    """The values that a template asks for. Raises jinja2's `TemplateSyntaxError` where it is wrong."""
    environment = _environment()
    return frozenset(meta.find_undeclared_variables(environment.parse(template_text)))


def pyliteral(value: object) -> object:
    """`value` as Python source, in ASCII: text, numbers, booleans, None, and lists and mappings of these."""
    plain = _plain(value)
    return encoded("pyliteral", plain) if is_deferred(plain) else fill_secrets.pyliteral(plain)


def to_json(value: object) -> object:
    """`value` as JSON on one line, which is YAML too; keys in order."""
    plain = _plain(value)
    return encoded("json", plain) if is_deferred(plain) else fill_secrets.to_json(plain)


def ini(value: object) -> object:
    """`value` as an entry of an INI file that Python's `configparser` reads; it takes `%` for its own sign."""
    plain = _plain(value)
    if is_deferred(plain):
        return encoded("ini", plain)
    try:
        return fill_secrets.ini(plain)
    except fill_secrets.FillError as error:
        raise RenderError(str(error)) from None


def dsn(database: Mapping[str, object], password: object, driver: str = "postgresql") -> object:
    """The URL of a database (its user, host, port and name) with the password of the user."""
    missing = [part for part in _DSN_PARTS if part not in database]
    if missing:
        raise RenderError(f"the database lacks {', '.join(missing)}. Give all of {', '.join(_DSN_PARTS)}")
    user, host, port, name = (str(database[part]) for part in _DSN_PARTS)
    start = f"{driver}://{fill_secrets.quoted(user)}:"
    end = f"@{host}:{port}/{fill_secrets.quoted(name)}"
    plain = _plain(password)
    if isinstance(plain, Deferred):
        return joined(start, encoded("quote", plain), end)
    return f"{start}{fill_secrets.quoted(plain)}{end}"


def redis_url(redis: Mapping[str, object], database: int = 0) -> str:
    """The URL of a Redis instance from its host and port. Upstream's images speak neither TLS nor AUTH with it."""
    missing = [part for part in ("host", "port") if part not in redis]
    if missing:
        raise RenderError(f"the Redis instance lacks {' and '.join(missing)}. Give host and port")
    return f"redis://{redis['host']}:{redis['port']}/{database}"


class _Environment(Environment):
    """Hands out what stands between braces as it is, so that deferred values stay what they are."""

    code_generator_class = NativeCodeGenerator


@cache
def _compiled(template_text: str) -> Template:
    """Many settings of many services share a template, and compiling takes longer than rendering."""
    return _environment().from_string(template_text)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    # Nothing is escaped for HTML: each value passes through the filter of the file's own language.
    environment = _Environment(undefined=StrictUndefined, keep_trailing_newline=True, autoescape=False)
    # Jinja's own type of this mapping is inferred from its built-in filters, and admits no other.
    filters = cast("dict[str, Callable[..., object]]", environment.filters)
    filters.update({"pyliteral": pyliteral, "json": to_json, "ini": ini, "dsn": dsn, "redis_url": redis_url})
    return environment


def _plain(value: object) -> object:
    """`value` made of plain types only; an unknown or undefined one is an error, never its `repr`."""
    if isinstance(value, StrictUndefined):
        str(value)
    if type(value) in _SCALARS or isinstance(value, Deferred):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(value[key]) for key in value}
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [_plain(each) for each in value]
    raise RenderError(f"a value of type {type(value).__name__} has no place in a file. Give text, numbers or lists")
