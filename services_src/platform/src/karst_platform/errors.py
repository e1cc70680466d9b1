"""Errors: one body for all of them, one table from exception to status.

    {"error": {"status": 404, "code": "not_found", "message": "...", "request_id": "..."}}

No traceback and no internal message leaves the service; the request id leads to them in the logs.
"""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import cast

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from karst_platform.logs import request_id

_log = logging.getLogger(__name__)

STATUS_OF: dict[type[Exception], HTTPStatus] = {
    RequestValidationError: HTTPStatus.UNPROCESSABLE_ENTITY,
    TimeoutError: HTTPStatus.GATEWAY_TIMEOUT,
    ConnectionError: HTTPStatus.SERVICE_UNAVAILABLE,
}
"""Exceptions that are answers; everything else is a fault of ours and answered with 500."""


class ServiceError(Exception):
    """An answer other than success, with a message meant for the client."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def error_response(status: int, message: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """Make the one body that errors have; `code` is the status in words."""
    code = HTTPStatus(status).name.lower()
    body = {"status": status, "code": code, "message": message, "request_id": request_id.get()}
    return JSONResponse({"error": body}, status_code=status, headers=headers)


def answer_errors(app: FastAPI) -> None:
    """Answer the exceptions of the table, those of the framework, and ours with the one body."""
    app.add_exception_handler(HTTPException, _framework)
    app.add_exception_handler(ServiceError, _service)
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
            response = error_response(500, "The service failed. The request id leads to the reason in its logs.")
            await response(scope, receive, send)


async def _framework(_: Request, error: Exception) -> JSONResponse:
    error = cast("HTTPException", error)
    return error_response(error.status_code, str(error.detail), dict(error.headers or {}))


async def _service(_: Request, error: Exception) -> JSONResponse:
    error = cast("ServiceError", error)
    return error_response(error.status, error.message)


async def _of_table(_: Request, error: Exception) -> JSONResponse:
    status = next(STATUS_OF[kind] for kind in type(error).__mro__ if kind in STATUS_OF)
    if isinstance(error, RequestValidationError):
        places = sorted({".".join(map(str, fault["loc"])) for fault in error.errors()})
        return error_response(status, f"These parts of the request are not valid: {', '.join(places)}")
    _log.warning("answered with %d", status, exc_info=error)
    return error_response(status, status.description or status.phrase)
