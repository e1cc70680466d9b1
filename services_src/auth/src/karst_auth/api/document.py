"""What the document of the API says of calls beyond their types: bodies, which are read as they come, and failures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI

from karst_platform.cave.operations import failures

Schema = Mapping[str, Any]
_PREFIX = "/api/v1"
_FAILS = (400, 401, 403, 404, 413, 422, 503)
_TEXT: Schema = {"type": "string"}
_ID: Schema = {"type": "integer", "minimum": 0, "maximum": 2**31 - 1}
_FLAG: Schema = {"type": "boolean"}
_TOS: Schema = {**_ID, "type": ["integer", "null"]}
_USER = {"active": _FLAG, "admin": _FLAG, "gdpr_consent": _FLAG, "name": _TEXT, "pi": _TEXT, "read_only": _FLAG}


def _object(properties: Mapping[str, Schema], *required: str) -> Schema:
    return {"type": "object", "properties": dict(properties), "required": list(required), "additionalProperties": False}


def _list(items: Schema, **limits: int) -> Schema:
    return {"type": "array", "items": items, **limits}


_NAMED = _object({"name": _TEXT}, "name")
_RULES = {"name": _TEXT, "text": _TEXT}
_BODIES: Mapping[tuple[str, str], tuple[Schema, object]] = {
    ("POST", "/user"): (
        _object({"name": _TEXT, "email": _TEXT}, "name", "email"),
        {"name": "Ada", "email": "ada@example.org"},
    ),
    ("PUT", "/user/{user_id}"): (_object(_USER), {"read_only": True}),
    ("POST", "/user/token"): (_object({"description": _TEXT}), {"description": "laptop"}),
    ("POST", "/service_account"): (_NAMED, {"name": "annotation"}),
    ("PUT", "/service_account/{user_id}"): (_object(_USER), {"active": False}),
    ("POST", "/group"): (_NAMED, {"name": "proofreaders"}),
    ("POST", "/group/{group_id}/user"): (_object({"user_id": _ID}, "user_id"), {"user_id": 3}),
    ("POST", "/group/{group_id}/service_account"): (_object({"sa_id": _ID}, "sa_id"), {"sa_id": 9}),
    ("PUT", "/group/{group_id}/user/{user_id}"): (_object({"admin": _FLAG}, "admin"), {"admin": True}),
    ("POST", "/dataset"): (
        _object({"name": _TEXT, "tos_id": _TOS}, "name", "tos_id"),
        {"name": "mb20", "tos_id": None},
    ),
    ("PUT", "/dataset/{dataset_id}"): (_object({"name": _TEXT, "tos_id": _TOS}), {"tos_id": 1}),
    ("POST", "/dataset/{dataset_id}/admin"): (_object({"user_id": _ID}, "user_id"), {"user_id": 3}),
    ("POST", "/dataset/{dataset_id}/group"): (
        _object(
            {"group_id": _ID, "permission_ids": _list(_ID, minItems=1, maxItems=100)}, "group_id", "permission_ids"
        ),
        {"group_id": 2, "permission_ids": [1, 2]},
    ),
    ("POST", "/tos"): (_object(_RULES, "name", "text"), {"name": "Rules", "text": "# Be kind"}),
    ("PUT", "/tos/{tos_id}"): (_object(_RULES), {"text": "# Be kind"}),
    ("POST", "/permission"): (_NAMED, {"name": "admin_view"}),
    ("PUT", "/permission/{permission_id}"): (_NAMED, {"name": "admin_view"}),
    ("POST", "/service/{service}/tables/datasets"): (_list(_TEXT, maxItems=1000), ["mb20_v1"]),
    ("POST", "/table/{table}/root_all_public"): (
        _list({"type": "integer", "minimum": 0}, minItems=1),
        [864691128640000000],
    ),
}
"""Schema and example by method and path. A body is JSON whatever its Content-Type says."""
_OPTIONAL = frozenset({("POST", "/user/token")})


def describe_calls(app: FastAPI) -> None:
    """Say of each route for programs which body it takes, and how it may fail."""
    make = app.openapi

    def openapi() -> dict[str, Any]:
        document = make()
        for path, operations in document["paths"].items():
            if path.startswith(_PREFIX):
                for method, operation in operations.items():
                    _describe(operation, (method.upper(), path.removeprefix(_PREFIX)))
        return document

    app.openapi = openapi


def _describe(operation: dict[str, Any], key: tuple[str, str]) -> None:
    for status, response in failures(*_FAILS).items():
        operation["responses"].setdefault(str(status), response)
    if key in _BODIES:
        schema, example = _BODIES[key]
        content = {"application/json": {"schema": dict(schema), "example": example}}
        operation["requestBody"] = {"content": content, "required": key not in _OPTIONAL}
