"""Finds what a model says of a place in a YAML file: its field, the keys beside it, an example to copy.

Error messages and the JSON schemas both read the models through here; no value is ever looked at.
"""

import json
import re
import types
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Annotated, Any, TypeGuard, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from karst.config.errors import Location

_PLAIN_TEXT = re.compile(r"[A-Za-z_/(][\w./@:()+-]*\Z")
_WORDS_OF_YAML = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})


@cache
def fields_by_key(model: type[BaseModel]) -> Mapping[str, FieldInfo]:
    """The fields of a model by the key that stands in YAML (the alias where there is one)."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def models_at(model: type[BaseModel], location: Location) -> list[type[BaseModel]]:
    """The models that may describe the mapping at `location`: one, or several where the model says `A | B`."""
    return [kind for kind in _types_at(model, location) if _is_model(kind)]


def field_at(model: type[BaseModel], location: Location) -> FieldInfo | None:
    """The field that holds the value at `location`; for an item of a list or of a mapping, the field around it."""
    found = (_field(model, location[:end]) for end in range(len(location), 0, -1))
    return next((field for field in found if field is not None), None)


def keys_at(model: type[BaseModel], location: Location) -> set[str]:
    """Every key that may stand in the mapping at `location`."""
    return {key for owner in models_at(model, location) for key in fields_by_key(owner)}


def sections_with(model: type[BaseModel], key: str) -> list[str]:
    """The sections of a file, such as `gcp` or `gcp.network`, that know `key`; nearest to the top first."""
    found = []
    for name, field in fields_by_key(model).items():
        for kind in filter(_is_model, _flatten(field.annotation)):
            inner = fields_by_key(kind)
            if key in inner:
                found.append(name)
            found += [
                f"{name}.{part}"
                for part, below in inner.items()
                for deep in filter(_is_model, _flatten(below.annotation))
                if key in fields_by_key(deep)
            ]
    return sorted(set(found), key=lambda path: (path.count("."), path))


def patterns_of(annotation: object) -> Iterator[str]:
    """The patterns that text of this type must match."""
    if get_origin(annotation) is Annotated:
        base, *extras = get_args(annotation)
        for extra in extras:
            pattern = getattr(extra, "pattern", None)
            if isinstance(pattern, str):
                yield pattern
            yield from (p for m in getattr(extra, "metadata", ()) if isinstance(p := getattr(m, "pattern", None), str))
        yield from patterns_of(base)
    elif get_origin(annotation) in (Union, types.UnionType, tuple, list, dict):
        for part in get_args(annotation):
            yield from patterns_of(part)


def field_patterns(field: FieldInfo) -> set[str]:
    """The patterns that a field's text must match, whether they stand in its type or beside it."""
    beside = {p for extra in field.metadata if isinstance(p := getattr(extra, "pattern", None), str)}
    return beside | set(patterns_of(field.annotation))


def example_at(model: type[BaseModel], location: Location) -> str | None:
    """An example of the value at `location`, written as YAML on one line: the field's own, or an item of it."""
    field = field_at(model, location)
    if field is None or not field.examples:
        return None
    depth = next(end for end in range(len(location), 0, -1) if _field(model, location[:end]) is field)
    example = field.examples[0]
    for _ in location[depth:]:
        items = list(example.values()) if isinstance(example, Mapping) else example
        if not isinstance(items, list | tuple) or not items:
            return None
        example = items[0]
    return as_yaml(example)


def as_yaml(value: object) -> str:
    """A plain value as it is typed into a YAML file."""
    if isinstance(value, str) and _PLAIN_TEXT.match(value) and value.lower() not in _WORDS_OF_YAML:
        return value if not value.endswith(":") else f"'{value}'"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{as_yaml(key)}: {as_yaml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(as_yaml(item) for item in value) + "]"
    return json.dumps(value, default=str)


def _field(model: type[BaseModel], location: Location) -> FieldInfo | None:
    """The field at exactly `location`, None for an item of one."""
    *around, key = location
    found = (fields_by_key(owner).get(key) for owner in models_at(model, tuple(around)) if isinstance(key, str))
    return next((field for field in found if field is not None), None)


def _types_at(model: type[BaseModel], location: Location) -> list[Any]:
    """The types that may describe the value at `location`, unions taken apart."""
    current: list[Any] = [model]
    for part in location:
        current = [inner for kind in current for inner in _step(kind, part)]
    return current


def _step(kind: Any, part: str | int) -> list[Any]:  # noqa: ANN401 - any annotation
    if _is_model(kind):
        field = fields_by_key(kind).get(part) if isinstance(part, str) else None
        return _flatten(field.annotation) if field else []
    origin, args = get_origin(kind), get_args(kind)
    if isinstance(part, str):
        return _flatten(args[1]) if origin in (dict, Mapping) or _is_mapping(origin) else []
    if origin is tuple and args and args[-1] is not Ellipsis:
        return _flatten(args[part]) if part < len(args) else []
    return _flatten(args[0]) if origin in (list, tuple, set, frozenset) and args else []


def _is_mapping(origin: object) -> bool:
    return isinstance(origin, type) and issubclass(origin, Mapping)


def _is_model(kind: object) -> TypeGuard[type[BaseModel]]:
    return isinstance(kind, type) and get_origin(kind) is None and issubclass(kind, BaseModel)


def _flatten(annotation: Any) -> list[Any]:  # noqa: ANN401 - any annotation
    """The members of a union, without wrappers; a plain type is its only member."""
    if get_origin(annotation) is Annotated:
        return _flatten(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        return [inner for part in get_args(annotation) for inner in _flatten(part)]
    return [] if annotation is types.NoneType else [annotation]
