"""The OpenAPI document: what every route has in common, said once."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel, Field

_SCHEME = "token"


class ErrorBody(BaseModel):
    """What errors look like."""

    detail: str = Field(description="What is wrong.", examples=["Could not validate credentials"])


ERRORS: dict[int | str, dict[str, Any]] = {
    401: {"model": ErrorBody, "description": "Nobody that we know is calling, or someone who may not do this."},
    503: {"model": ErrorBody, "description": "A store doesn't answer just now. Nothing was written; try again."},
}
"""Answers that every route may give."""


def describe_tokens(app: FastAPI) -> None:
    """Say in the document how calls carry their token, so that its pages ask for one."""
    make = app.openapi

    def openapi() -> dict[str, Any]:
        document = make()
        schemes = document.setdefault("components", {}).setdefault("securitySchemes", {})
        schemes[_SCHEME] = {"type": "http", "scheme": "bearer", "description": "A token of this store, or of Google."}
        document["security"] = [{_SCHEME: []}]
        return document

    app.openapi = openapi
