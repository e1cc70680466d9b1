"""Values of Firestore's protocol as files have them, and back, each of its types kept."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping
from dataclasses import dataclass

from karst_clio.exports import values
from karst_platform.stores.documents import Fields, Json
from karst_platform.stores.firestore_values import Message, fill
from karst_platform.stores.storable import NESTED


def fields_of(source: Message) -> dict[str, Json]:
    """The fields of a message's map."""
    return {name: _read(value) for name, value in source.items()}


def _read(value: Message) -> Json:
    kind = value.WhichOneof("value_type")
    match kind:
        case "string_value" | "integer_value" | "boolean_value":
            return getattr(value, kind)
        case "double_value":
            number: float = value.double_value
            return number if math.isfinite(number) else {values.NUMBER: values.name_of(number)}
        case "map_value":
            inner = fields_of(value.map_value.fields)
            return {values.MAP: inner} if any(name.startswith("$") for name in inner) else inner
        case "array_value":
            return [_read_item(item) for item in value.array_value.values]
        case "timestamp_value":
            return {values.TIMESTAMP: value.timestamp_value.ToJsonString()}
        case "bytes_value":
            return {values.BYTES: base64.b64encode(value.bytes_value).decode()}
        case "reference_value":
            return {values.REFERENCE: value.reference_value}
        case "geo_point_value":
            place = value.geo_point_value
            return {values.GEOPOINT: {"latitude": place.latitude, "longitude": place.longitude}}
        case _:
            return None


def _read_item(item: Message) -> Json:
    read = _read(item)
    if isinstance(read, dict) and read.keys() == {NESTED} and isinstance(read[NESTED], list):
        return read[NESTED]  # a list in a list, as our stores write it
    return read


@dataclass(frozen=True, kw_only=True)
class Filling:
    """Puts values into messages; references below `moved_from` lead below `moved_to` then."""

    moved_from: str | None = None
    moved_to: str | None = None

    def fields(self, target: Message, fields: Fields) -> None:
        """Put fields into a message's map."""
        for name, value in fields.items():
            fill(target[name], value, self._map)

    def _map(self, target: Message, value: Mapping[str, Json]) -> None:
        tag = values.tag_of(value)
        inner = value if tag is None else value[tag]
        match tag, inner:
            case ((None | values.MAP), dict()):
                target.map_value.SetInParent()
                self.fields(target.map_value.fields, inner)
            case values.TIMESTAMP, str():
                target.timestamp_value.FromJsonString(inner)
            case values.BYTES, str():
                target.bytes_value = base64.b64decode(inner, validate=True)
            case values.REFERENCE, str():
                target.reference_value = self._moved(inner)
            case values.GEOPOINT, {"latitude": float(latitude), "longitude": float(longitude)}:
                target.geo_point_value.latitude, target.geo_point_value.longitude = latitude, longitude
            case values.NUMBER, str():
                target.double_value = values.number_of(inner)
            case _:
                raise values.UnknownValueError(f"{tag!r} stands beside a value of another kind")

    def _moved(self, name: str) -> str:
        if self.moved_from is None or self.moved_to is None or not name.startswith(f"{self.moved_from}/"):
            return name
        return self.moved_to + name.removeprefix(self.moved_from)
