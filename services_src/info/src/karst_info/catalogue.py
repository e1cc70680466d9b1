"""Everything that the service knows, as of one moment, with its answers made: no request pays for rows or for JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from karst_info.model import AlignedVolume, Datastack, Declaration, ImageSource, Revision

_OF_DATASTACK = tuple(column.name for column in Datastack.__table__.columns if column.name != "aligned_volume_id")
_OF_FULL = (
    "segmentation_source",
    "skeleton_source",
    "analysis_database",
    "viewer_site",
    "synapse_table",
    "soma_table",
    "local_server",
    "description",
    "viewer_resolution_x",
    "viewer_resolution_y",
    "viewer_resolution_z",
    "proofreading_status_table",
    "cell_identification_table",
    "proofreading_review_table",
)


@dataclass(frozen=True, kw_only=True)
class Volume:
    """An aligned volume with its mirrors."""

    row: AlignedVolume
    mirrors: tuple[ImageSource, ...] = ()

    @property
    def name(self) -> str:
        """Its name, by which auth knows it too."""
        return self.row.name

    @property
    def shown_name(self) -> str:
        """Its name for people."""
        return self.row.display_name or self.row.name

    def as_json(self, image_source: str | None = None) -> dict[str, object]:
        """The object that clients read, with the images of a mirror if they want these."""
        row = self.row
        return {
            "id": row.id,
            "name": row.name,
            "display_name": row.display_name,
            "description": row.description,
            "image_source": image_source or row.image_source,
        }

    @cached_property
    def body(self) -> bytes:
        """The object as JSON."""
        return to_json(self.as_json())

    @cached_property
    def mirrors_body(self) -> bytes:
        """The mirrors as JSON."""
        return to_json([_mirror(each) for each in self.mirrors])


@dataclass(frozen=True, kw_only=True)
class Stack:
    """A datastack with its aligned volume; a row of upstream's may have none."""

    row: Datastack
    volume: Volume | None
    root: str
    """What stands before paths of the service."""

    @property
    def name(self) -> str:
        """Its name, by which auth knows it too."""
        return self.row.name

    @property
    def shown_name(self) -> str:
        """Its name for people."""
        return self.row.display_name or self.row.name

    @property
    def resolution_nm(self) -> tuple[float, float, float] | None:
        """Size of a voxel of its links; None unless all three are known."""
        x, y, z = self.row.viewer_resolution_x, self.row.viewer_resolution_y, self.row.viewer_resolution_z
        return (x, y, z) if x and y and z else None

    @cached_property
    def body(self) -> bytes:
        """The short form: all columns, and where the volume is described."""
        described = f"{self.root}/api/v2/aligned_volume/id/{self.volume.row.id}" if self.volume is not None else None
        columns = {name: getattr(self.row, name) for name in _OF_DATASTACK}
        return to_json({**columns, "aligned_volume": described})

    @cached_property
    def full(self) -> bytes:
        """The form with the volume in it, which clients begin with."""
        return self._full(None)

    @cached_property
    def full_with_mirror(self) -> Mapping[str, bytes]:
        """The same with the images of each mirror, by its name."""
        mirrors = self.volume.mirrors if self.volume is not None else ()
        return {each.name: self._full(each.image_source) for each in mirrors}

    def _full(self, image_source: str | None) -> bytes:
        volume = self.volume.as_json(image_source) if self.volume is not None else None
        return to_json({"aligned_volume": volume, **{name: getattr(self.row, name) for name in _OF_FULL}})


class Catalogue:
    """All aligned volumes and datastacks, in the order in which they were made."""

    def __init__(
        self,
        revision: int,
        *,
        volumes: Iterable[AlignedVolume] = (),
        mirrors: Iterable[ImageSource] = (),
        datastacks: Iterable[Datastack] = (),
        declared: Mapping[tuple[str, int], str] | None = None,
        root: str = "/info",
    ) -> None:
        self.revision = revision
        self.declared = declared or {}
        """The deployment that declares a row, by name of the kind and id."""
        self.mirrors = tuple(mirrors)
        of_volume: dict[int | None, list[ImageSource]] = {}
        for each in self.mirrors:
            of_volume.setdefault(each.aligned_volume_id, []).append(each)
        made = [Volume(row=each, mirrors=tuple(of_volume.get(each.id, ()))) for each in volumes]
        self.volumes = {each.name: each for each in made}
        self.volumes_by_id = {each.row.id: each for each in made}
        stacks = (
            Stack(row=each, volume=self.volumes_by_id.get(each.aligned_volume_id or 0), root=root)
            for each in datastacks
        )
        self.datastacks = {each.name: each for each in stacks}
        self._of_volume: dict[str, list[Stack]] = {}
        for each in self.datastacks.values():
            if each.volume is not None:
                self._of_volume.setdefault(each.volume.name, []).append(each)

    def datastacks_of(self, volume: str) -> list[Stack]:
        """Datastacks of an aligned volume."""
        return self._of_volume.get(volume, [])


async def revision_of(session: AsyncSession) -> int:
    """How often anything changed."""
    return await session.scalar(select(Revision.revision)) or 0


async def read_catalogue(session: AsyncSession, root: str) -> Catalogue:
    """Read everything. What is written meanwhile comes with a later revision, at the next look."""
    revision = await revision_of(session)
    volumes = (await session.scalars(select(AlignedVolume).order_by(AlignedVolume.id))).all()
    mirrors = (await session.scalars(select(ImageSource).order_by(ImageSource.id))).all()
    datastacks = (await session.scalars(select(Datastack).order_by(Datastack.id))).all()
    declared = {(each.kind, each.row_id): each.deployment for each in await session.scalars(select(Declaration))}
    session.expunge_all()
    return Catalogue(revision, volumes=volumes, mirrors=mirrors, datastacks=datastacks, declared=declared, root=root)


def to_json(value: object) -> bytes:
    """A value as JSON, in as few bytes as can be."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _mirror(row: ImageSource) -> dict[str, object]:
    return {
        "id": row.id,
        "name": row.name,
        "viewer_layer_name": row.viewer_layer_name,
        "image_source": row.image_source,
        "description": row.description,
    }
