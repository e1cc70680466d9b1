"""Methods that mean the same. Only one of them stands in the schema, whose operations have names of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from fastapi import APIRouter

Handler = TypeVar("Handler", bound=Callable[..., Any])


def post_or_put(routes: APIRouter, path: str) -> Callable[[Handler], Handler]:
    """Let a handler answer POST, and PUT as its synonym."""

    def declare(handler: Handler) -> Handler:
        routes.post(path)(handler)
        routes.put(path, include_in_schema=False)(handler)
        return handler

    return declare
