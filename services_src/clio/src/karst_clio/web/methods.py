"""Methods that mean the same. Only one of them stands in the schema, whose operations have names of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from fastapi import APIRouter
from pydantic import BaseModel

from karst_clio.web.operations import Responses

Handler = TypeVar("Handler", bound=Callable[..., Any])


def post_or_put(
    routes: APIRouter, path: str, *, model: type[BaseModel] | None = None, responses: Responses | None = None
) -> Callable[[Handler], Handler]:
    """Let a handler answer POST, and PUT as its synonym; `model` is what a handler answers that makes its response."""

    def declare(handler: Handler) -> Handler:
        if model is None:
            routes.post(path, responses=responses)(handler)
        else:
            routes.post(path, responses=responses, response_model=model)(handler)
        routes.put(path, include_in_schema=False)(handler)
        return handler

    return declare
