"""Writes configuration as people would: block style, comments above keys, quotes only where they are needed.

What comes out is read back by `karst.config.yaml_source` as exactly what went in; a test tries hostile texts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from karst.config.errors import Location

Node: TypeAlias = "str | int | float | bool | Sequence[Node] | Mapping[str, Node] | None"

_PLAIN = re.compile(r"[A-Za-z_/(][A-Za-z0-9_./()@-]*( [A-Za-z0-9_./()@-]+)*\Z")
_CONSTANTS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
_WIDTH = 118


def yaml_text(head: str, data: Mapping[str, Node], comments: Mapping[Location, str]) -> str:
    """`data` as YAML: `head` is the first line, `comments` stand above the keys they belong to."""
    return "\n".join([head, *_mapping(data, comments, (), 0)]) + "\n"


def _mapping(data: Mapping[str, Node], comments: Mapping[Location, str], at: Location, depth: int) -> Iterator[str]:
    for key, value in data.items():
        place = (*at, key)
        if depth == 0 and isinstance(value, Mapping | list | tuple) and value:
            yield ""
        yield from _comment(comments.get(place), depth)
        yield from _entry(f"{_scalar(key)}:", value, comments, place, depth)


def _entry(lead: str, value: Node, comments: Mapping[Location, str], place: Location, depth: int) -> Iterator[str]:
    indent = "  " * depth
    if isinstance(value, Mapping) and value:
        flow = _flow(value)
        if not _is_commented(comments, place) and depth > 0 and len(indent + lead) + 1 + len(flow) <= _WIDTH:
            yield f"{indent}{lead} {flow}"
        else:
            yield f"{indent}{lead}"
            yield from _mapping(value, comments, place, depth + 1)
    elif isinstance(value, list | tuple) and value:
        flow = _flow(value)
        if not any(isinstance(one, Mapping) for one in value) and len(indent + lead) + 1 + len(flow) <= _WIDTH:
            yield f"{indent}{lead} {flow}"
        else:
            yield f"{indent}{lead}"
            yield from _items(value, comments, place, depth + 1)
    else:
        yield f"{indent}{lead} {_flow(value)}"


def _items(values: Sequence[Node], comments: Mapping[Location, str], place: Location, depth: int) -> Iterator[str]:
    indent = "  " * depth
    for index, value in enumerate(values):
        yield from _comment(comments.get((*place, index)), depth)
        flow = _flow(value)
        if isinstance(value, Mapping) and value and len(indent) + 2 + len(flow) > _WIDTH:
            lines = list(_mapping(value, comments, (*place, index), depth + 1))
            first, *rest = lines
            yield f"{indent}- {first.lstrip()}"
            yield from rest
        else:
            yield f"{indent}- {flow}"


def _is_commented(comments: Mapping[Location, str], place: Location) -> bool:
    return any(len(one) > len(place) and one[: len(place)] == place for one in comments)


def _comment(text: str | None, depth: int) -> Iterator[str]:
    for line in (text or "").splitlines():
        yield f"{'  ' * depth}# {line}".rstrip()


def _flow(value: Node) -> str:
    """A value on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_scalar(key)}: {_flow(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return _scalar(value)


def _scalar(value: Node) -> str:
    if isinstance(value, str):
        if _PLAIN.match(value) and value.lower() not in _CONSTANTS:
            return value
        return _quoted(value)
    return json.dumps(value)


def _quoted(text: str) -> str:
    """JSON's quotes are YAML's, but for what JSON writes as a pair of surrogates; those stand as they are."""
    escaped = json.dumps(text, ensure_ascii=False)
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in escaped)
