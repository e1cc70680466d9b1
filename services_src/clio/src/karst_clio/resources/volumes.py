"""Volumes: folders of buckets with images, under names of datasets, and what they hold, passed on to viewers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Body, HTTPException, Request
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from starlette.responses import Response

from karst_clio.caching import TimedCache
from karst_clio.catalog import KEEP_S
from karst_clio.identity.guard import ANYBODY, NO_PERMISSION, Admin, Anyone
from karst_clio.needs import Needs
from karst_clio.resources.datasets import may_see
from karst_clio.resources.ids import can_exist
from karst_clio.web.answers import json_answer
from karst_clio.web.files import file_response
from karst_clio.web.methods import post_or_put
from karst_clio.web.operations import Responses, answers
from karst_clio.web.routes import Routes
from karst_platform.stores.documents import Fields, Query, Write
from karst_platform.stores.objects import BadKeyError, check_key

VOLUMES = ("clio_volumes",)
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,221}", re.ASCII)
_OBJECT: Responses = {
    200: {"description": "The object.", "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}},
    206: {"description": "A part of it.", "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}},
    304: {"description": "The object is the one that the client has (`If-None-Match`)."},
    **{status: {} for status in (400, 401, 404, 416)},
}
_EXAMPLE: Any = {"mb20": {"bucket": "images-of-ours", "path": "mb20/gray"}}


def _bucket(name: str) -> str:
    if not _BUCKET.fullmatch(name):
        raise ValueError("a bucket is named without gs:// and without a path, like images-of-ours")
    return name


def _folder(path: str) -> str:
    inner = path.strip("/")
    return check_key(inner) if inner else inner


class Volume(BaseModel):
    """Where a volume's objects are."""

    model_config = ConfigDict(extra="allow")

    bucket: Annotated[str, AfterValidator(_bucket)]
    path: Annotated[str, AfterValidator(_folder)] = Field(description="Folder in the bucket.")
    description: str | None = None
    public: bool = Field(
        default=False, description="Whether everybody may read it, where there is no dataset of its name."
    )


class _Volumes:
    """All volumes by name; a change is seen at once here, and within ten minutes elsewhere."""

    def __init__(self, needs: Needs) -> None:
        self._documents = needs.documents
        self._cache: TimedCache[None, Mapping[str, Fields]] = TimedCache(keep_s=KEEP_S, size=1, clock=needs.clock)
        needs.forgetting.append(self._cache.clear)

    async def all(self) -> Mapping[str, Fields]:
        return await self._cache.get(None, self._load)

    async def write(self, *changes: Write) -> None:
        await self._documents.write(*changes)
        self._cache.clear()

    async def _load(self) -> Mapping[str, Fields]:
        return {found.id: found.fields async for found in self._documents.find(Query(collection=VOLUMES))}


def router(needs: Needs) -> APIRouter:
    """Routes of `volumes`."""
    routes = Routes(tags=["Volumes"])
    volumes = _Volumes(needs)
    _add_objects(routes, needs, volumes)

    @routes.get(
        "/volumes",
        response_model=dict[str, Volume],
        response_model_exclude_unset=True,
        responses=answers(_EXAMPLE),
    )
    async def all_volumes(caller: Anyone) -> Response:
        """Show the volumes of the datasets that the caller may know of, by name."""
        return json_answer({name: fields for name, fields in (await volumes.all()).items() if caller.can_list(name)})

    @routes.get(
        "/volumes/{volume}",
        response_model=Volume | None,
        response_model_exclude_unset=True,
        responses=answers(_EXAMPLE["mb20"]),
    )
    async def one_volume(volume: str, caller: Anyone) -> Response:
        """Show a volume, or null to whoever may not read the dataset of its name."""
        return json_answer(_known(await volumes.all(), volume) if may_see(caller, volume) else None)

    @post_or_put(routes, "/volumes")
    async def write_volumes(caller: Admin, new: Annotated[dict[str, Volume], Body(examples=[_EXAMPLE])]) -> None:
        """Add volumes, and replace those that exist."""
        del caller
        changes = {name: each.model_dump(exclude_unset=True) for name, each in new.items()}
        await volumes.write(*(Write(path=(*VOLUMES, name), fields=fields) for name, fields in changes.items()))

    @routes.delete("/volumes")
    async def remove_volumes(caller: Admin, ids: Annotated[list[str], Body(examples=[["mb20"]])]) -> None:
        """Remove volumes; unknown ones are no mistake. Their objects stay."""
        del caller
        paths = [(*VOLUMES, each) for each in ids]
        await volumes.write(*(Write(path=path, fields=None) for path in paths if can_exist(path)))

    return routes


def _add_objects(routes: APIRouter, needs: Needs, volumes: _Volumes) -> None:
    async def is_open(volume: str, fields: Fields) -> bool:
        dataset = await needs.catalog.get(volume)
        return (fields if dataset is None else dataset).get("public") is True

    @routes.get(
        "/volumes/proxy/{volume}/{path:path}",
        dependencies=[ANYBODY],
        response_class=Response,
        responses=_OBJECT,
        openapi_extra={"security": [{}, {"token": []}]},
    )
    async def proxy(volume: str, path: str, request: Request) -> Response:
        """Pass an object of a volume on, or a part of it; without a token where the volume's dataset is public."""
        fields = _known(await volumes.all(), volume)
        if not await is_open(volume, fields):
            caller = await needs.identity.caller(request)
            if not caller.can_read(volume):
                raise HTTPException(401, NO_PERMISSION)
        folder = str(fields.get("path", "")).strip("/")
        try:
            key = check_key(f"{folder}/{path}" if folder else path)
            objects = needs.buckets(str(fields.get("bucket", "")))
        except BadKeyError as error:
            raise HTTPException(400, str(error)) from None
        return await file_response(objects, key, request.headers)


def _known(volumes: Mapping[str, Fields], volume: str) -> Fields:
    if volume not in volumes:
        raise HTTPException(400, f"There is no volume {volume[:100]!r}.")
    return volumes[volume]
