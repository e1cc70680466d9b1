"""Tables of the info service, as upstream's databases have them; texts may be longer than there."""

from __future__ import annotations

from sqlalchemy import BigInteger, Float, ForeignKey, Index, MetaData, String, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from karst_platform.relational import CONSTRAINT_NAMES


class Base(DeclarativeBase):
    """All tables of the info service."""

    metadata = MetaData(naming_convention=CONSTRAINT_NAMES)


class AlignedVolume(Base):
    """A set of images, aligned once, under which segmentations and annotations lie."""

    __tablename__ = "aligned_volume"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    display_name: Mapped[str | None] = mapped_column(String(100))
    description: Mapped[str | None] = mapped_column(Text)
    image_source: Mapped[str] = mapped_column(Text)


class ImageSource(Base):
    """A mirror: another place with the images of an aligned volume."""

    __tablename__ = "image_source"
    __table_args__ = (UniqueConstraint("aligned_volume_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    viewer_layer_name: Mapped[str | None] = mapped_column(String(100))
    image_source: Mapped[str] = mapped_column(Text)
    description: Mapped[str | None] = mapped_column(Text)
    aligned_volume_id: Mapped[int | None] = mapped_column(ForeignKey("aligned_volume.id"))


class Datastack(Base):
    """A segmentation of an aligned volume, with the tables and the server that belong to it."""

    __tablename__ = "datastack"
    __table_args__ = (Index("ix_datastack_aligned_volume_id", "aligned_volume_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    display_name: Mapped[str | None] = mapped_column(String(100))
    viewer_layer_name: Mapped[str | None] = mapped_column(String(100))
    aligned_volume_id: Mapped[int | None] = mapped_column(ForeignKey("aligned_volume.id"))
    segmentation_source: Mapped[str | None] = mapped_column(Text)
    skeleton_source: Mapped[str | None] = mapped_column(Text)
    analysis_database: Mapped[str | None] = mapped_column(String(100))
    viewer_site: Mapped[str | None] = mapped_column(Text)
    synapse_table: Mapped[str | None] = mapped_column(String(100))
    soma_table: Mapped[str | None] = mapped_column(String(100))
    proofreading_status_table: Mapped[str | None] = mapped_column(String(100))
    cell_identification_table: Mapped[str | None] = mapped_column(String(100))
    proofreading_review_table: Mapped[str | None] = mapped_column(String(100))
    local_server: Mapped[str] = mapped_column(Text)
    description: Mapped[str | None] = mapped_column(Text)
    viewer_resolution_x: Mapped[float | None] = mapped_column(Float)
    viewer_resolution_y: Mapped[float | None] = mapped_column(Float)
    viewer_resolution_z: Mapped[float | None] = mapped_column(Float)
    base_link_id: Mapped[int | None] = mapped_column(BigInteger)


class Declaration(Base):
    """A row that a deployment's declaration made, and nobody by hand. It goes with the row."""

    __tablename__ = "karst_info_declaration"

    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    row_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    deployment: Mapped[str] = mapped_column(String(120))


class Revision(Base):
    """How often anything here changed: triggers count, whoever writes. One row."""

    __tablename__ = "karst_info_revision"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    revision: Mapped[int] = mapped_column(BigInteger)
