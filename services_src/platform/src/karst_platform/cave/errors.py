"""The wire contract of CAVE's services: every error is `{"error": code, "message": text, "data": {...}}`.

Clients compare the Content-Type by equality and call `.keys()` on the body, so it is always an object and always plain
`application/json`. `data` is there where there is something to tell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import cast

from fastapi import HTTPException
from starlette.responses import JSONResponse, Response

_CODES: Mapping[int, str] = {413: "content_too_large", 422: "invalid_request"}
"""Codes of statuses whose name in Python changed with its versions."""


class CaveError(HTTPException):
    """An answer with a code that clients look for, such as `invalid_token` or `missing_tos`."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        data: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.code, self.message = code, message
        super().__init__(status, _body(code, message, data), dict(headers) if headers is not None else None)


def answer_cave(status: int, detail: object, headers: Mapping[str, str] | None = None) -> Response:
    """Make an error of what the frame knows of it; without a code of its own it has the name of its status."""
    if isinstance(detail, dict):
        body = cast("dict[str, object]", detail)
    elif isinstance(detail, list):
        body = _body("invalid_request", _places(detail), {"faults": detail})
    else:
        body = _body(_CODES.get(status) or HTTPStatus(status).name.lower(), str(detail), None)
    return JSONResponse(body, status_code=status, headers=dict(headers or {}))


def _body(code: str, message: str, data: Mapping[str, object] | None) -> dict[str, object]:
    return {"error": code, "message": message, **({"data": data} if data is not None else {})}


def _places(faults: list[object]) -> str:
    """Where the input is wrong, and how, in one line."""
    each = cast("Sequence[Mapping[str, object]]", faults)
    told = (f"{'.'.join(map(str, cast('Sequence[object]', fault['loc'])))}: {fault['msg']}" for fault in each)
    return "; ".join(told)
