"""Who may do what: groups, datasets, grants, terms of service, tables of services, public roots."""

from __future__ import annotations

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from karst_auth.model.base import Base, DatasetId, Flag, Id, Now, Text80, Text120, UserId


class Group(Base):
    """A named set of users."""

    __tablename__ = "group"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(String(120), unique=True)


class Membership(Base):
    """Somebody belongs to a group, and may run it where `admin` is set."""

    __tablename__ = "user_group"
    __table_args__ = (UniqueConstraint("user_id", "group_id"), Index("ix_user_group_group_id", "group_id", "user_id"))

    id: Mapped[Id]
    user_id: Mapped[UserId]
    group_id: Mapped[int] = mapped_column(ForeignKey("group.id"))
    admin: Mapped[Flag]


class Tos(Base):
    """Terms of service; the text is Markdown."""

    __tablename__ = "tos"

    id: Mapped[Id]
    name: Mapped[Text80]
    text: Mapped[str] = mapped_column(Text)
    created: Mapped[Now]
    updated: Mapped[Now]


class TosAcceptance(Base):
    """Somebody accepted terms of service."""

    __tablename__ = "user_tos"
    __table_args__ = (UniqueConstraint("user_id", "tos_id"), Index("ix_user_tos_tos_id", "tos_id"))

    id: Mapped[Id]
    user_id: Mapped[UserId]
    tos_id: Mapped[int] = mapped_column(ForeignKey("tos.id"))
    created: Mapped[Now]
    updated: Mapped[Now]


class Dataset(Base):
    """The unit of uniform permission. Grants wait for its terms of service, where it has some."""

    __tablename__ = "dataset"
    __table_args__ = (Index("ix_dataset_tos_id", "tos_id"),)

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(String(120), unique=True)
    tos_id: Mapped[int | None] = mapped_column(ForeignKey("tos.id"))


class DatasetAdmin(Base):
    """Somebody may say which groups have which permissions on a dataset."""

    __tablename__ = "dataset_admin"
    __table_args__ = (UniqueConstraint("user_id", "dataset_id"), Index("ix_dataset_admin_dataset_id", "dataset_id"))

    id: Mapped[Id]
    user_id: Mapped[UserId]
    dataset_id: Mapped[DatasetId]


class Permission(Base):
    """What one may do: 1 is `view`, 2 is `edit`, and neither contains the other."""

    __tablename__ = "permission"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(String(120), unique=True)


class Grant(Base):
    """A group has a permission on a dataset."""

    __tablename__ = "group_dataset_permission"
    __table_args__ = (
        UniqueConstraint("group_id", "dataset_id", "permission_id"),
        Index("ix_group_dataset_permission_dataset_id", "dataset_id"),
    )

    id: Mapped[Id]
    group_id: Mapped[int] = mapped_column(ForeignKey("group.id"))
    dataset_id: Mapped[DatasetId]
    permission_id: Mapped[int] = mapped_column(ForeignKey("permission.id"))


class ServiceTable(Base):
    """To which dataset a table of a service belongs. A service here is a namespace, such as `datastack`."""

    __tablename__ = "service_table"
    __table_args__ = (
        UniqueConstraint("service_name", "table_name"),
        Index("ix_service_table_dataset_id", "dataset_id"),
    )

    id: Mapped[Id]
    service_name: Mapped[Text120]
    table_name: Mapped[Text120]
    dataset_id: Mapped[DatasetId]


class PublicRoot(Base):
    """Whether everybody may see one root of a table."""

    __tablename__ = "cell_temp"
    __table_args__ = (
        UniqueConstraint("table_id", "root_id"),
        Index("ix_cell_temp_public", "table_id", postgresql_where=text("public")),
    )

    id: Mapped[Id]
    table_id: Mapped[Text120]
    root_id: Mapped[int] = mapped_column(BigInteger)
    public: Mapped[Flag]
