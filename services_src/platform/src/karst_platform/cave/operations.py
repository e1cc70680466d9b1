"""What the document of a service's API says of each route beyond its types: examples, and how calls fail.

@router.get("/type", responses=answers(["synapse"], 404))
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel, Field

Responses = dict[int | str, dict[str, Any]]
_JSON = "application/json"
_ERROR = {"$ref": "#/components/schemas/ErrorBody"}
_FRAMEWORKS_OWN = ("HTTPValidationError", "ValidationError")
_ALWAYS = (429, 504)
"""What the frame may answer on every route."""


class ErrorBody(BaseModel):
    """What errors look like."""

    error: str = Field(description="A word for programs.")
    message: str = Field(description="A sentence for people.")
    data: dict[str, Any] | None = Field(default=None, description="What else there is to know.")


@dataclass(frozen=True)
class _Failure:
    description: str
    error: str
    message: str
    is_temporary: bool = False
    """Whether the answer says when to come back."""


FAILURES: Mapping[int, _Failure] = {
    400: _Failure("The request makes no sense.", "bad_request", "Name the types, by commas."),
    401: _Failure("Nobody that we know is calling.", "invalid_token", "Unauthorized - Token is Invalid or Expired"),
    403: _Failure("The caller may not do this.", "missing_permission", "Missing permission: view for dataset mb20"),
    404: _Failure("There is no such thing.", "not_found", "There is no such thing."),
    409: _Failure("It is there already.", "conflict", "There is one of this id."),
    413: _Failure("The body is too large.", "content_too_large", "The body is larger than 65536 bytes."),
    415: _Failure(
        "The body's form is unknown.", "unsupported_encoding", "Bodies may be compressed by gzip or deflate."
    ),
    422: _Failure("The request can't be read.", "invalid_request", "query.page: Input should be a valid integer"),
    429: _Failure("Too many requests.", "too_many_requests", "Too many requests. Try again in 2 s.", is_temporary=True),
    503: _Failure("A store doesn't answer just now.", "service_unavailable", "Try again.", is_temporary=True),
    504: _Failure("It took too long.", "gateway_timeout", "This took too long and was given up."),
}
"""How calls fail, in the words of the document."""


def answers(example: object, *failures: int) -> Responses:
    """What a route answers: an example, and the statuses with which it may fail."""
    failed = {status: _response(status) for status in sorted({*failures, *_ALWAYS})}
    return {200: {"content": {_JSON: {"example": example}}}, **failed}


def failures(*statuses: int) -> Responses:
    """How a route may fail."""
    return {status: _response(status) for status in sorted({*statuses, *_ALWAYS})}


def describe_document(app: FastAPI, tags: Mapping[str, str]) -> None:
    """Say in the document what errors look like, and what groups of routes are for, in the order of `tags`.

    An operation's summary is what its handler's docstring says first.
    """
    make = app.openapi

    def openapi() -> dict[str, Any]:
        document = make()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        for name in _FRAMEWORKS_OWN:
            schemas.pop(name, None)
        schemas["ErrorBody"] = ErrorBody.model_json_schema()
        document["tags"] = [{"name": name, "description": says} for name, says in tags.items()]
        for operation in _operations(document):
            operation["summary"] = operation["description"].partition(".")[0].partition(";")[0]
            if "422" in operation["responses"]:
                operation["responses"]["422"] = _response(422)
        return document

    app.openapi = openapi


def _operations(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for path in document["paths"].values():
        yield from path.values()


def _response(status: int) -> dict[str, Any]:
    failure = FAILURES[status]
    example = {"error": failure.error, "message": failure.message}
    made: dict[str, Any] = {
        "description": failure.description,
        "content": {_JSON: {"schema": _ERROR, "example": example}},
    }
    if failure.is_temporary:
        says = "When to try again, in seconds."
        made["headers"] = {"Retry-After": {"description": says, "schema": {"type": "string"}}}
    return made
