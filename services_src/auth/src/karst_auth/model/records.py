"""What happened, and how often things changed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, Index, String, Text, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from karst_auth.model.base import Base


class AuditEntry(Base):
    """Who changed what, from what to what. Rows are never changed and never deleted: the database refuses it."""

    __tablename__ = "audit"
    __table_args__ = (Index("ix_audit_subject", "subject", "id"), Index("ix_audit_actor_id", "actor_id", "id"))

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    at: Mapped[datetime] = mapped_column(DateTime, server_default=func.now())
    actor_id: Mapped[int | None]
    """None for the deployment itself. No foreign key: an entry outlives its people."""
    actor: Mapped[str] = mapped_column(Text)
    action: Mapped[str] = mapped_column(String(60))
    """A noun and a verb, such as `grant.add`."""
    subject: Mapped[str] = mapped_column(Text)
    """What was changed: the kind and the id, such as `dataset/3`."""
    before: Mapped[Any | None] = mapped_column(JSONB(none_as_null=True))
    after: Mapped[Any | None] = mapped_column(JSONB(none_as_null=True))
    ip: Mapped[str | None] = mapped_column(String(45))


class Declaration(Base):
    """Something that a deployment's declaration made, and nobody by hand. It goes with the thing."""

    __tablename__ = "declaration"
    __table_args__ = (Index("ix_declaration_deployment", "deployment"),)

    thing: Mapped[str] = mapped_column(Text, primary_key=True)
    """The kind and ids, such as `dataset/3` or `grant/3/7/1`."""
    deployment: Mapped[str] = mapped_column(String(120))


class Version(Base):
    """How often something changed, counted in the same transaction as the change."""

    __tablename__ = "version"

    scope: Mapped[str] = mapped_column(String(20), primary_key=True)
    """`user`, `table`, `public`, or `all`, which stands for every user."""
    subject: Mapped[str] = mapped_column(Text, primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger)
