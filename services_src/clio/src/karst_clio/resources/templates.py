"""Placeholders in a dataset's document: `{tag}` and `{uuid}` stand for its own tag and uuid, wherever they are."""

from __future__ import annotations

from collections.abc import Mapping

from karst_platform.stores.documents import Fields, Json

_NAMES = ("tag", "uuid")


def filled(fields: Fields) -> Fields:
    """The document with its placeholders replaced, in keys and texts at any depth; those without a value stay."""
    values = {f"{{{name}}}": value for name in _NAMES if isinstance(value := fields.get(name), str)}
    return {_fill_text(name, values): _fill(value, values) for name, value in fields.items()} if values else fields


def _fill(value: Json, values: Mapping[str, str]) -> Json:
    match value:
        case str():
            return _fill_text(value, values)
        case Mapping():
            return {_fill_text(name, values): _fill(each, values) for name, each in value.items()}
        case list() | tuple():
            return [_fill(each, values) for each in value]
        case _:
            return value


def _fill_text(text: str, values: Mapping[str, str]) -> str:
    for placeholder, value in values.items():
        text = text.replace(placeholder, value)
    return text
