"""Tokens. Only their hashes are kept, and what shows their owners which one is which."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import DateTime, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from karst_auth.model.base import Base, Id, Now, UserId


class ApiKey(Base):
    """A token that works until somebody revokes it."""

    __tablename__ = "api_key"
    __table_args__ = (Index("ix_api_key_user_id", "user_id"),)

    id: Mapped[Id]
    description: Mapped[str | None] = mapped_column(String(120))
    user_id: Mapped[UserId]
    key: Mapped[str | None] = mapped_column(String(32), unique=True)
    """The token itself, only where a deployment wants its owners to see it again."""
    created: Mapped[Now]
    updated: Mapped[Now]
    last_used: Mapped[datetime | None] = mapped_column(DateTime)
    token_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    """None only between the import of a dump and the next start, which hashes its keys."""
    token_hint: Mapped[str] = mapped_column(String(11), server_default="")
    """The first and last four characters."""


class LoginToken(Base):
    """A token that somebody got by signing in."""

    __tablename__ = "login_token"
    __table_args__ = (Index("ix_login_token_user_id", "user_id"), Index("ix_login_token_expires", "expires"))

    id: Mapped[Id]
    user_id: Mapped[UserId]
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    token_hint: Mapped[str] = mapped_column(String(11))
    created: Mapped[Now]
    expires: Mapped[datetime] = mapped_column(DateTime)
    last_used: Mapped[datetime | None] = mapped_column(DateTime)
