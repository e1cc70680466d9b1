"""The JSON Schema of a type, in the form that clients of CAVE have read for years.

Clients take the class from `$ref`, the points from `$ref` of properties, and the type of a column from `format`, else
from `type`. So a field that may be missing has a list for a type, and one of 64 bits has neither title nor list.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from karst_schema.types.declaring import AnnotationType, Field, Kind, Point, PointField

DRAFT = "http://json-schema.org/draft-07/schema#"
Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]

_TITLED: Mapping[Kind, tuple[str, str | None]] = {
    Kind.BOOLEAN: ("boolean", None),
    Kind.TEXT: ("string", None),
    Kind.DECIMAL: ("number", "float"),
    Kind.INTEGER: ("number", "integer"),
    Kind.USER: ("number", "integer"),
}
"""Kinds with a title: their `type` and `format`."""


def document(annotation: AnnotationType) -> dict[str, Json]:
    """The document of a type."""
    points = {each.point.class_name: each.point for each in annotation.members if isinstance(each, PointField)}
    definitions: dict[str, Json] = {name: _of_point(each) for name, each in points.items()}
    definitions[annotation.class_name] = _object(annotation.members, takes_more=annotation.takes_more)
    return {"$schema": DRAFT, "definitions": definitions, "$ref": f"#/definitions/{annotation.class_name}"}


def _of_point(point: Point) -> Json:
    return _object(point.fields, takes_more=False)


def _object(fields: Iterable[Field | PointField], *, takes_more: bool) -> Json:
    by_name = sorted(fields, key=lambda each: each.name)
    required: list[Json] = [each.name for each in by_name if each.is_required]
    return {
        "type": "object",
        "required": required,
        "properties": {each.name: _property(each) for each in by_name},
        "additionalProperties": takes_more,
    }


def _property(field: Field | PointField) -> Json:
    if isinstance(field, PointField):
        reference = f"#/definitions/{field.point.class_name}"
        made: dict[str, Json] = {"type": "object", "$ref": reference, "description": field.description}
        return made if field.order is None else {**made, "order": field.order}
    if field.kind not in _TITLED:
        return {"type": "array" if field.kind is Kind.POSITION else "integer", "description": field.description}
    return _titled(field, *_TITLED[field.kind])


def _titled(field: Field, kind: str, form: str | None) -> Json:
    made: dict[str, Json] = {"title": field.name, "type": kind if field.is_required else [kind, "null"]}
    if form is not None:
        made["format"] = form
    made["description"] = field.description
    if field.default is not None:
        made["default"] = field.default
    if field.choices:
        made |= {"enum": list(field.choices), "enumNames": []}
    if field.is_indexed:
        made["index"] = True
    return made
