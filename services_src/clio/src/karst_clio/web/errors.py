"""Errors as clients of the store read them: `{"detail": ...}`, a text or, for bad input, a list of places."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import cast

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from karst_platform.logs import request_id
from karst_platform.stores.documents import ContentionError, StoreUnavailableError, UnstorableError

_log = logging.getLogger(__name__)
_RETRY_AFTER_S = 2

STATUS_OF: Mapping[type[Exception], HTTPStatus] = {
    UnstorableError: HTTPStatus.UNPROCESSABLE_ENTITY,
    TimeoutError: HTTPStatus.GATEWAY_TIMEOUT,
    ContentionError: HTTPStatus.SERVICE_UNAVAILABLE,
    StoreUnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
}
"""Exceptions that are answers; everything else is a fault of ours and answered with 500."""

_TEXT_OF: Mapping[type[Exception], str] = {
    TimeoutError: "This took too long and was given up.",
    ContentionError: "Others change the same data just now. Nothing was written; try again.",
    StoreUnavailableError: "The store does not answer just now. Nothing was written; try again.",
}


def error_response(status: int, detail: object, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Make the one body that errors have."""
    return JSONResponse({"detail": detail}, status_code=status, headers=dict(headers or {}))


def not_authenticated(detail: str = "Could not validate credentials") -> HTTPException:
    """Nobody that we know is calling."""
    return HTTPException(401, detail, headers={"WWW-Authenticate": "Bearer"})


def answer_errors(app: FastAPI) -> None:
    """Answer the exceptions of the table, those of the framework and of validation with the one body."""
    app.add_exception_handler(HTTPException, _framework)
    app.add_exception_handler(RequestValidationError, _validation)
    for kind in STATUS_OF:
        app.add_exception_handler(kind, _of_table)


class UnexpectedErrors:
    """Answers whatever no table names with 500; stands inside the middlewares, so that these see the answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        has_started = False

        async def watch(message: Message) -> None:
            nonlocal has_started
            has_started = has_started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, watch)
        except Exception:
            if has_started:
                raise
            _log.exception("unexpected error")
            text = f"The service failed. Its logs have the reason under the request id {request_id.get()}."
            await error_response(500, text)(scope, receive, send)


async def _framework(_: Request, error: Exception) -> JSONResponse:
    error = cast("HTTPException", error)
    return error_response(error.status_code, error.detail, error.headers)


async def _validation(_: Request, error: Exception) -> JSONResponse:
    """Say where and why, without the input, which may be large, or no JSON."""
    faults = cast("RequestValidationError", error).errors()
    return error_response(
        422, [{"loc": list(each["loc"]), "msg": each["msg"], "type": each["type"]} for each in faults]
    )


async def _of_table(_: Request, error: Exception) -> JSONResponse:
    kind = next(each for each in type(error).__mro__ if each in STATUS_OF)
    status = STATUS_OF[kind]
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        _log.warning("answered with %d", status, exc_info=error)
    headers = {"Retry-After": str(_RETRY_AFTER_S)} if status is HTTPStatus.SERVICE_UNAVAILABLE else {}
    return error_response(status, _TEXT_OF.get(kind, str(error)), headers)
