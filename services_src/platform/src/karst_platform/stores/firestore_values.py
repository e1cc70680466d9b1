"""Fields as Firestore's protocol has them, and back.

What other programs stored and JSON doesn't know comes as text (times, bytes, references), a map (places) or null (NaN).
"""

from __future__ import annotations

import base64
import math
from collections.abc import Callable
from typing import Any, cast

from google.cloud.firestore_v1.types import document

from karst_platform.stores.documents import Fields, Json
from karst_platform.stores.storable import NESTED

# The protocol's own messages: the client library's wrappers of them take ten times as long.
Message = Any
FillMap = Callable[[Message, Fields], None]
new_value = cast("type[Message]", document.Value.pb())


def value_of(value: Json) -> Message:
    """A value as a message."""
    message = new_value()
    fill(message, value)
    return message


def fill_fields(target: Message, fields: Fields) -> None:
    """Put fields into a message's map."""
    for name, value in fields.items():
        fill(target[name], value)


def fields_of(source: Message) -> dict[str, Json]:
    """Fields from a message's map."""
    return {name: _read(value) for name, value in source.items()}


def fill(target: Message, value: Json, fill_map: FillMap | None = None) -> None:
    """Put a value into a message; `fill_map` says what a map becomes, where that is no map of fields."""
    match value:
        case None:
            target.null_value = 0
        case bool():
            target.boolean_value = value
        case int():
            target.integer_value = value
        case float():
            target.double_value = value
        case str():
            target.string_value = value
        case dict():
            (fill_map or _fill_map)(target, value)
        case _:
            target.array_value.SetInParent()
            for item in cast("list[Json]", value):
                inner = target.array_value.values.add()
                fill(inner, {NESTED: item} if isinstance(item, list | tuple) else item, fill_map)


def _fill_map(target: Message, value: Fields) -> None:
    target.map_value.SetInParent()
    fill_fields(target.map_value.fields, value)


def _read(value: Message) -> Json:
    kind = value.WhichOneof("value_type")
    match kind:
        case "string_value" | "integer_value" | "boolean_value" | "reference_value":
            return getattr(value, kind)
        case "double_value":
            return value.double_value if math.isfinite(value.double_value) else None
        case "map_value":
            return fields_of(value.map_value.fields)
        case "array_value":
            return [_read_item(item) for item in value.array_value.values]
        case "timestamp_value":
            return value.timestamp_value.ToJsonString()
        case "bytes_value":
            return base64.b64encode(value.bytes_value).decode()
        case "geo_point_value":
            return {"latitude": value.geo_point_value.latitude, "longitude": value.geo_point_value.longitude}
        case _:
            return None


def _read_item(item: Message) -> Json:
    read = _read(item)
    return read[NESTED] if isinstance(read, dict) and read.keys() == {NESTED} else read
