"""What the API's document says of a route beyond its types: in short, for whom, what it answers, how it fails.

A route names what only it has, `responses=answers({"key": "Pt1_2_3"}, 404)`; what follows from its permission, its
method and its parameters is added to every route of `karst_clio.web.routes.Routes`.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from karst_platform.permissions import NO_PERMISSION, Requires

Responses = dict[int | str, dict[str, Any]]
_JSON = "application/json"
_ERROR = {"$ref": "#/components/schemas/ErrorBody"}
_SAFE_METHODS = frozenset({"GET", "HEAD"})
_NOBODY = "public"


@dataclass(frozen=True)
class _Failure:
    description: str
    detail: object
    header: tuple[str, str] | None = None
    """Name of a header that comes along, and what it says."""


_RETRY = ("Retry-After", "When to try again, in seconds.")
FAILURES: Mapping[int, _Failure] = {
    400: _Failure("The user is disabled, or the request asks for what makes no sense.", "Inactive user"),
    401: _Failure(
        "Nobody that we know is calling, or someone who may not do this.",
        "Could not validate credentials",
        ("WWW-Authenticate", "`Bearer`, where nobody that we know is calling."),
    ),
    403: _Failure("The caller, or the web page that calls for it, may not do this.", NO_PERMISSION),
    404: _Failure("There is no such thing.", "There is no such thing."),
    413: _Failure("The body is too large.", "The body is larger than 41943040 bytes."),
    416: _Failure("The object ends before the range begins.", "The object ends before the range begins."),
    422: _Failure(
        "The request can't be read, or holds what can't be kept; nothing was written.",
        [{"loc": ["body", "pos"], "msg": "Field required", "type": "missing"}],
    ),
    429: _Failure(
        "The caller asks too often, or this was done a moment ago.",
        "Too many requests. Try again in 10 s.",
        _RETRY,
    ),
    501: _Failure("The auth gateway does this.", "Users are managed by the auth gateway at https://auth.example.org."),
    502: _Failure("Another server that this one asks fails or doesn't answer.", "Auth service unavailable"),
    503: _Failure(
        "The store doesn't answer, or this server is not set up for this.",
        "The store does not answer just now. Try again: a request that is repeated does no harm.",
        _RETRY,
    ),
    504: _Failure("This took too long and was given up.", "This took too long and was given up."),
}
"""How calls fail, in the words of the document."""

FOR_WHOM: Mapping[str, str] = {
    _NOBODY: "For everybody, without a token.",
    "authenticated": "For everybody who is logged in.",
    "can_read": "For whoever may read the dataset.",
    "can_write_own": "For whoever may write in the dataset.",
    "can_write_others": "For whoever may write in the names of others: `clio_write`.",
    "can_write_own or can_write_others": "For whoever may write in the dataset, or in the names of others.",
    "clio_general": "For whoever has `clio_general` in the dataset; in public datasets everybody has.",
    "is_admin": "For administrators.",
    "can_write_others or is_dataset_admin": "For whoever may write in the names of others, and for administrators.",
}
"""Names of permissions (`karst_clio.identity.guard`) in words."""


def answers(example: object, *failures: int, schema: Mapping[str, Any] | None = None) -> Responses:
    """What a route answers: an example, for handlers without a model a schema, and failures that only it has."""
    content = {"example": example} | ({"schema": schema} if schema is not None else {})
    return {200: {"content": {_JSON: content}}, **{status: {} for status in failures}}


def permissions_of(dependant: Dependant) -> Iterator[Requires[Any]]:
    """What a route asks of its caller."""
    for each in dependant.dependencies:
        if isinstance(each.call, Requires):
            yield each.call
        yield from permissions_of(each)


def describe(route: APIRoute) -> None:
    """Add what follows from the route's permission, its method and its parameters."""
    needs = list(permissions_of(route.dependant))
    first = re.split(r"[.,;:](?:\s|$)", route.description, maxsplit=1)[0]
    route.summary = route.summary or first
    route.description = "\n\n".join([route.description, *(FOR_WHOM[each.name] for each in needs)])
    if any(each.name == _NOBODY for each in needs):
        route.openapi_extra = {"security": []} | (route.openapi_extra or {})
    if inspect.signature(route.endpoint).return_annotation in (None, "None"):
        nothing: Responses = {200: {"content": {_JSON: {"schema": {"type": "null"}}}}}
        route.responses = nothing | route.responses
    every = dict.fromkeys([*_failures(route, needs), *(each for each in route.responses if each in FAILURES)])
    route.responses |= {int(each): _response(int(each), route.responses.get(each, {})) for each in every}


def _failures(route: APIRoute, needs: list[Requires[Any]]) -> Iterator[int]:
    if any(each.name != _NOBODY for each in needs):
        yield from (400, 401, 502)
        if any(each.refusal == 403 for each in needs) or not (route.methods or set()) <= _SAFE_METHODS:
            yield 403
    if route.body_field is not None:
        yield from (413, 422)
    if _has_parameters(route.dependant):
        yield 422
    yield from (429, 503, 504)


def _response(status: int, given: Mapping[str, Any]) -> dict[str, Any]:
    failure = FAILURES[status]
    made: dict[str, Any] = {
        "description": failure.description,
        "content": {_JSON: {"schema": _ERROR, "example": {"detail": failure.detail}}},
    }
    if failure.header is not None:
        name, says = failure.header
        made["headers"] = {name: {"description": says, "schema": {"type": "string"}}}
    return {**made, **given}


def _has_parameters(dependant: Dependant) -> bool:
    own = dependant.path_params or dependant.query_params or dependant.header_params or dependant.cookie_params
    return bool(own) or any(map(_has_parameters, dependant.dependencies))
