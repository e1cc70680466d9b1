"""Errors: one table from exception to answer. What an answer looks like is its wire contract's to say (`wire`).

No traceback and no internal message leaves the service; the request id leads to them in the logs.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import cast

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import compile_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from karst_platform.logs import request_id
from karst_platform.stores.documents import ContentionError, StoreUnavailableError, UnstorableError
from karst_platform.wire import Answer

_log = logging.getLogger(__name__)
_RETRY = {"Retry-After": "2"}
"""When to come back, in seconds: stores recover, and restart, within that."""


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What an exception means to the client."""

    status: HTTPStatus
    text: str | None = None
    """None stands for the exception's own message, which is meant for the client then."""
    headers: Mapping[str, str] | None = None


REPLIES: Mapping[type[Exception], Reply] = {
    UnstorableError: Reply(status=HTTPStatus.UNPROCESSABLE_ENTITY),
    TimeoutError: Reply(status=HTTPStatus.GATEWAY_TIMEOUT, text="This took too long and was given up."),
    ContentionError: Reply(
        status=HTTPStatus.SERVICE_UNAVAILABLE,
        text="Others change the same data just now. Nothing was written; try again.",
        headers=_RETRY,
    ),
    StoreUnavailableError: Reply(
        status=HTTPStatus.SERVICE_UNAVAILABLE,
        text="The store does not answer just now. Try again: a request that is repeated does no harm.",
        headers=_RETRY,
    ),
    ConnectionError: Reply(
        status=HTTPStatus.SERVICE_UNAVAILABLE,
        text="Something that the service needs does not answer just now. Try again.",
        headers=_RETRY,
    ),
}
"""Exceptions that are answers; everything else is a fault of ours and answered with 500."""


def answer_errors(app: FastAPI, answer: Answer) -> None:
    """Answer the exceptions of the table, those of the framework and of validation."""

    async def framework(request: Request, error: Exception) -> Response:
        error = cast("HTTPException", error)
        headers = error.headers
        # What a handler says of itself counts.
        if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED and type(error) is HTTPException:
            headers = {**(headers or {}), "Allow": ", ".join(methods_of(app, request))}
        return answer(error.status_code, error.detail, headers)

    async def validation(_: Request, error: Exception) -> Response:
        """Say where and why, without the input, which may be large, or no JSON."""
        faults = cast("RequestValidationError", error).errors()
        places = [{"loc": list(each["loc"]), "msg": each["msg"], "type": each["type"]} for each in faults]
        return answer(HTTPStatus.UNPROCESSABLE_ENTITY, places)

    async def of_table(_: Request, error: Exception) -> Response:
        reply = next(REPLIES[kind] for kind in type(error).__mro__ if kind in REPLIES)
        if reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            _log.warning("answered with %d", reply.status, exc_info=error)
        return answer(reply.status, reply.text or str(error), reply.headers)

    app.add_exception_handler(HTTPException, framework)
    app.add_exception_handler(RequestValidationError, validation)
    for kind in REPLIES:
        app.add_exception_handler(kind, of_table)


def methods_of(app: FastAPI, request: Request) -> list[str]:
    """Methods that any route takes at the path of a request; the framework itself names those of the first alone."""
    path = request.scope["path"].removeprefix(request.scope.get("root_path", "")) or "/"
    return sorted(
        {
            method
            for route in iter_route_contexts(app.router.routes)
            if route.methods and route.path and compile_path(route.path)[0].match(path)
            for method in route.methods
        }
    )


class UnexpectedErrors:
    """Answers whatever no table names with 500; stands inside the middlewares, so that these see the answer."""

    def __init__(self, app: ASGIApp, answer: Answer) -> None:
        self._app, self._answer = app, answer

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
            await self._answer(HTTPStatus.INTERNAL_SERVER_ERROR, text)(scope, receive, send)
