"""The routes for programs: which datastacks and aligned volumes the caller may see, and what is known of each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from karst_info import examples
from karst_info.catalogue import Stack, to_json
from karst_info.current import Current
from karst_info.viewer import layers_of
from karst_info.visible import (
    DATASTACK,
    VOLUME,
    VolumeById,
    by_id,
    datastacks_for,
    stack_of,
    unknown,
    volume_of,
    volumes_for,
)
from karst_platform.cave.guard.checks import signed_in
from karst_platform.cave.guard.record import UserRecord
from karst_platform.cave.guard.tables import require
from karst_platform.cave.operations import answers
from karst_platform.permissions import PUBLIC

API_VERSIONS = [2]
TAGS = {
    "Datastacks": "A segmentation with the tables and the server that belong to it.",
    "Aligned volumes": "The images that segmentations and annotations lie upon.",
    "Viewers": "What neuroglancer shows.",
    "Rows": "All of these as superadmins and their programs change them.",
    "Service": "What clients ask before they begin.",
}
_REFUSED = (400, 401, 403, 503)

VolumeName = Annotated[str, Path(description="Name of an aligned volume.", examples=["minnie65_phase3"])]
StackName = Annotated[str, Path(description="Name of a datastack.", examples=["minnie65_public"])]
SignedIn = Annotated[UserRecord, Depends(signed_in)]
_see_stack = Depends(require("view", namespace=DATASTACK, table="name"))
_see_stack_before_terms = Depends(require("view", namespace=DATASTACK, table="name", ignore_tos=True))
_see_volume = Depends(require("view", namespace=VOLUME, table="name"))


class VolumeBody(BaseModel):
    """An aligned volume."""

    id: int
    name: str = Field(description="Name in addresses.")
    display_name: str | None = Field(description="Name for people.")
    description: str | None = Field(description="What it shows.")
    image_source: str = Field(description="Where the images stand.")


class MirrorBody(BaseModel):
    """Another place with the same images."""

    id: int
    name: str = Field(description="Name by which clients ask for it.")
    viewer_layer_name: str | None = Field(description="Name of the layer in viewers.")
    image_source: str = Field(description="Where the images stand.")
    description: str | None = Field(description="One line for people.")


class _StackBody(BaseModel):
    segmentation_source: str | None = Field(description="Where the segmentation stands.")
    skeleton_source: str | None = Field(description="Where viewers read skeletons.")
    analysis_database: str | None = Field(description="Database of annotations.")
    viewer_site: str | None = Field(description="Viewer of its links.")
    synapse_table: str | None = Field(description="Table of synapses.")
    soma_table: str | None = Field(description="Table of cell bodies.")
    local_server: str = Field(description="Server of annotations and materializations.")
    description: str | None = Field(description="What it is.")
    viewer_resolution_x: float | None = Field(description="Size of a voxel, nm.")
    viewer_resolution_y: float | None = Field(description="Size of a voxel, nm.")
    viewer_resolution_z: float | None = Field(description="Size of a voxel, nm.")
    proofreading_status_table: str | None = Field(description="Table of proofreading status.")
    cell_identification_table: str | None = Field(description="Table of cell types.")
    proofreading_review_table: str | None = Field(description="Table of reviews.")


class FullBody(_StackBody):
    """A datastack with its aligned volume."""

    aligned_volume: VolumeBody | None


class StackBody(_StackBody):
    """A datastack."""

    id: int
    name: str = Field(description="Name in addresses.")
    display_name: str | None = Field(description="Name for people.")
    viewer_layer_name: str | None = Field(description="Name of the layer in viewers.")
    base_link_id: int | None = Field(description="Id of the stored state that links start from.")
    aligned_volume: str | None = Field(description="Path at which the aligned volume is described.")


def api(current: Current, version: str) -> list[APIRouter]:
    """All routes for programs. The application takes each by itself: routers within routers cost every request time."""
    return [_datastacks(current), _volumes(current), _viewers(current), _service(version)]


def _datastacks(current: Current) -> APIRouter:
    router = APIRouter(prefix="/api/v2", tags=["Datastacks"])

    @router.get("/datastacks", response_model=list[str], responses=answers(["minnie65_public"], 400, 401, 503))
    async def names_of_datastacks(request: Request, caller: SignedIn) -> Response:
        """List the datastacks that the caller may see, terms of service aside."""
        stacks = await datastacks_for(request, caller, current.get().datastacks.values())
        return _json(to_json([each.name for each in stacks]))

    @router.get(
        "/datastack/full/{name}",
        response_model=FullBody,
        responses=answers(examples.FULL, *_REFUSED, 404),
        dependencies=[_see_stack],
    )
    async def full_datastack(
        name: StackName,
        image_source_name: Annotated[str | None, Query(description="Name of a mirror whose images to use.")] = None,
    ) -> Response:
        """Describe a datastack and its aligned volume; what clients begin with."""
        stack = stack_of(current, name)
        if not image_source_name:
            return _json(stack.full)
        with_mirror = stack.full_with_mirror.get(image_source_name)
        if with_mirror is None:
            raise unknown("image mirror", image_source_name)
        return _json(with_mirror)

    @router.get(
        "/datastack/{name}",
        response_model=StackBody,
        responses=answers(examples.STACK, *_REFUSED, 404),
        dependencies=[_see_stack_before_terms],
    )
    async def one_datastack(name: StackName) -> Response:
        """Describe a datastack; its aligned volume is a path."""
        return _json(stack_of(current, name).body)

    @router.get(
        "/datastack/{name}/image_sources",
        response_model=list[MirrorBody],
        responses=answers([examples.MIRROR], *_REFUSED, 404),
        dependencies=[_see_stack],
    )
    async def image_mirrors(name: StackName) -> Response:
        """List other places with the images of a datastack."""
        volume = stack_of(current, name).volume
        return _json(volume.mirrors_body if volume is not None else b"[]")

    return router


def _volumes(current: Current) -> APIRouter:
    router = APIRouter(prefix="/api/v2", tags=["Aligned volumes"])
    see_by_id = Depends(VolumeById(current))

    @router.get("/aligned_volume", response_model=list[str], responses=answers(["minnie65_phase3"], 400, 401, 503))
    async def names_of_volumes(request: Request, caller: SignedIn) -> Response:
        """List the aligned volumes that the caller may see, terms of service aside."""
        volumes = await volumes_for(request, caller, current.get().volumes.values())
        return _json(to_json([each.name for each in volumes]))

    @router.get(
        "/aligned_volume/id/{volume_id}",
        response_model=VolumeBody,
        responses=answers(examples.VOLUME, *_REFUSED, 404),
        dependencies=[see_by_id],
    )
    async def volume_by_id(
        volume_id: Annotated[str, Path(description="Id of an aligned volume.", examples=["1"])],
    ) -> Response:
        """Describe the aligned volume of an id."""
        return _json(by_id(current, volume_id).body)

    @router.get(
        "/aligned_volume/{name}",
        response_model=VolumeBody,
        responses=answers(examples.VOLUME, *_REFUSED, 404),
        dependencies=[_see_volume],
    )
    async def one_volume(name: VolumeName) -> Response:
        """Describe an aligned volume."""
        return _json(volume_of(current, name).body)

    @router.get(
        "/aligned_volume/{name}/datastacks",
        response_model=list[str],
        responses=answers(["minnie65_public"], 400, 401, 503),
    )
    async def datastacks_of_volume(request: Request, name: VolumeName, caller: SignedIn) -> Response:
        """List the datastacks of an aligned volume that the caller may see, terms of service aside."""
        stacks = await datastacks_for(request, caller, current.get().datastacks_of(name))
        return _json(to_json([each.name for each in stacks]))

    return router


def _viewers(current: Current) -> APIRouter:
    router = APIRouter(prefix="/api/v2", tags=["Viewers"])

    @router.get("/ngl_info", response_model=dict[str, dict[str, Any]], responses=answers({}, 400, 401, 503))
    async def layers_for_viewers(request: Request, caller: SignedIn) -> Response:
        """List the layers of all aligned volumes and datastacks that the caller may see, terms of service aside."""
        known = current.get()
        volumes = await volumes_for(request, caller, known.volumes.values())
        stacks = await datastacks_for(request, caller, known.datastacks.values())
        of_volume: dict[str, list[Stack]] = {}
        for each in stacks:
            if each.volume is not None:
                of_volume.setdefault(each.volume.name, []).append(each)
        told: dict[str, object] = {}
        for each in volumes:
            # Names for people may be given twice; each volume has its entry all the same.
            names = (each.shown_name, each.name, f"{each.name} ({each.row.id})")
            told[next(name for name in names if name not in told)] = layers_of(each, of_volume.get(each.name, []))
        return _json(to_json(told))

    return router


def _service(version: str) -> APIRouter:
    router = APIRouter(dependencies=[PUBLIC], tags=["Service"])
    for path, told, what in (
        ("/version", version, "Say which version runs, and with which one of CAVE it agrees."),
        ("/health", "healthy", "Say that the service runs."),
        ("/api/versions", API_VERSIONS, "List the versions of this API; clients choose the newest that they know."),
    ):
        router.get(path, response_model=type(told), responses=answers(told), description=what)(_told(path, told))

    @router.get("/api/swagger.json", include_in_schema=False)
    async def document(request: Request) -> Response:
        return _json(to_json(request.app.openapi()))

    return router


def _told(path: str, value: object) -> Callable[[], object]:
    body = to_json(value)

    async def say() -> Response:
        return _json(body)

    say.__name__ = path.strip("/").replace("/", "_")
    return say


def _json(body: bytes) -> Response:
    return Response(body, media_type="application/json")
