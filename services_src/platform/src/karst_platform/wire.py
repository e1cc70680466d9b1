"""Wire contracts: what a service's errors look like to its clients; each is one function, used by the whole frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Protocol, cast

from starlette.responses import JSONResponse, Response

from karst_platform.logs import request_id


class Answer(Protocol):
    """Makes the answer to what went wrong.

    `detail` is a text for the client or, for bad input, a list of `{"loc": [...], "msg": ..., "type": ...}`.
    """

    def __call__(self, status: int, detail: object, headers: Mapping[str, str] | None = None) -> Response:
        """The answer."""
        ...


def answer_error(status: int, detail: object, headers: Mapping[str, str] | None = None) -> Response:
    """Ours: `{"error": {"status": 404, "code": "not_found", "message": "...", "request_id": "..."}}`."""
    code = HTTPStatus(status).name.lower()
    body = {"status": status, "code": code, "message": _message(detail), "request_id": request_id.get()}
    return JSONResponse({"error": body}, status_code=status, headers=dict(headers or {}))


def answer_detail(status: int, detail: object, headers: Mapping[str, str] | None = None) -> Response:
    """That of FastAPI and of the connectomics store: `{"detail": ...}`."""
    return JSONResponse({"detail": detail}, status_code=status, headers=dict(headers or {}))


def _message(detail: object) -> str:
    if not isinstance(detail, list):
        return str(detail)
    faults = cast("Sequence[Mapping[str, Sequence[object]]]", detail)
    places = sorted({".".join(map(str, fault["loc"])) for fault in faults})
    return f"These parts of the request are not valid: {', '.join(places)}"
