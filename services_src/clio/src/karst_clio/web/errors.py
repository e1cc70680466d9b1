"""Errors that several resources answer. What all of them look like is `karst_platform.wire.answer_detail`'s to say."""

from __future__ import annotations

from fastapi import HTTPException


def not_authenticated(detail: str = "Could not validate credentials") -> HTTPException:
    """Nobody that we know is calling."""
    return HTTPException(401, detail, headers={"WWW-Authenticate": "Bearer"})
