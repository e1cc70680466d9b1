"""People and service accounts, their names, institutions, and the viewers that they may come from."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import DateTime, ForeignKey, Index, String, UniqueConstraint, func, text, true
from sqlalchemy.orm import Mapped, mapped_column

from karst_auth.model.base import Base, Flag, Id, Now, Text80, UserId


class User(Base):
    """A person, or a service account, which has a parent: whoever made it."""

    __tablename__ = "user"
    __table_args__ = (
        Index("ix_user_lower_email", text("lower(email)"), unique=True),
        Index("ix_user_lower_name", text("lower(name)")),
        Index("ix_user_created", "created"),
        Index("ix_user_parent_id", "parent_id", postgresql_where=text("parent_id IS NOT NULL")),
        Index("ix_user_people", "id", postgresql_where=text("parent_id IS NULL")),
    )

    id: Mapped[Id]
    name: Mapped[Text80]
    email: Mapped[str] = mapped_column(String(120), unique=True)
    admin: Mapped[Flag]
    gdpr_consent: Mapped[Flag]
    pi: Mapped[str] = mapped_column(String(80), server_default="")
    created: Mapped[Now]
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    read_only: Mapped[Flag]
    """Whether `edit` counts for nothing, whatever groups grant."""
    active: Mapped[bool] = mapped_column(server_default=true())
    """Whether any token works and anybody may sign in."""


class CustomName(Base):
    """The name that a person chose to be shown instead of the one of their account."""

    __tablename__ = "user_custom_name"
    __table_args__ = (Index("ix_user_custom_name_lower_name", text("lower(name)")),)

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), unique=True)
    name: Mapped[Text80]
    active: Mapped[bool] = mapped_column(server_default=true())
    created: Mapped[Now]
    updated: Mapped[Now]


class UserIdentity(Base):
    """Who somebody is at a provider of identities, by which they are found when they sign in again."""

    __tablename__ = "user_identity"
    __table_args__ = (
        UniqueConstraint("issuer", "subject"),
        UniqueConstraint("user_id", "issuer"),
    )

    id: Mapped[Id]
    user_id: Mapped[UserId]
    issuer: Mapped[str] = mapped_column(String(200))
    subject: Mapped[str] = mapped_column(String(255))
    created: Mapped[Now]


class Affiliation(Base):
    """An institution."""

    __tablename__ = "affiliation"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(String(120), unique=True)
    contact_name: Mapped[str | None] = mapped_column(String(120))
    contact_email: Mapped[str | None] = mapped_column(String(120))


class UserAffiliation(Base):
    """From when to when somebody belongs to an institution."""

    __tablename__ = "user_affiliation"
    __table_args__ = (UniqueConstraint("user_id", "affiliation_id"),)

    id: Mapped[Id]
    user_id: Mapped[UserId]
    affiliation_id: Mapped[int] = mapped_column(ForeignKey("affiliation.id"))
    start: Mapped[datetime | None] = mapped_column(DateTime, server_default=func.now())
    end: Mapped[datetime | None] = mapped_column(DateTime)


class App(Base):
    """The origin of a viewer that may get tokens of whoever signs in from it."""

    __tablename__ = "app"

    id: Mapped[Id]
    url: Mapped[str] = mapped_column(String(128), unique=True)
