"""Sub-volumes: cut-outs for editing, and what users hand in afterwards. Only where a bucket for them is named."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Body, HTTPException
from pydantic import BaseModel, Field

from karst_clio.identity.guard import Writer
from karst_clio.needs import Needs
from karst_clio.resources.cutouts import CutError, Folder, copy, plan
from karst_clio.resources.templates import filled
from karst_clio.web.operations import answers
from karst_clio.web.routes import Routes
from karst_platform.stores.documents import Fields, Json, Write
from karst_platform.stores.objects import BadKeyError, MissingObjectError, check_key

ROOT = "clio_subvol"
SUBMISSIONS = "submissions"
_LIMIT = 2**62
_SCHEMES = ("precomputed://gs://", "gs://")
_SCRIPT = '''"""Open the sub-volume around {focus}: pip install cloud-volume"""

from cloudvolume import CloudVolume

volume = CloudVolume({url!r}, mip=0, fill_missing=True, progress=True)
image = volume[:]
print(image.shape, image.dtype)
'''


class Focus(BaseModel):
    """Where to cut, and which of the dataset's layers."""

    focus: list[Annotated[int, Field(ge=-_LIMIT, le=_LIMIT)]] = Field(min_length=3, max_length=3, examples=[[1, 2, 3]])
    layer: int = Field(default=0, ge=0, description="Place of the layer in the dataset's `neuroglancer.layers`.")


def router(needs: Needs) -> APIRouter:
    """Routes of `subvol`."""
    routes = Routes(tags=["Sub-volumes"])

    def bucket() -> str:
        if needs.settings.subvolume_bucket is None:
            raise HTTPException(503, "This server has no sub-volumes: set CLIO_SUBVOL_BUCKET.")
        return needs.settings.subvolume_bucket

    @routes.post("/subvol/{dataset}/edit", responses=answers("from cloudvolume import CloudVolume ..."))
    async def edit(dataset: str, asked: Focus, caller: Writer) -> str:
        """Copy the part of a layer around a place; answer with a Python script that opens the copy."""
        to, width = bucket(), needs.settings.subvolume_width
        source = _source(needs, filled(await needs.catalog.get(dataset) or {}), asked.layer)
        path = f"{caller.email}/{'_'.join(map(str, asked.focus))}_width_{width}"
        try:
            info: Json = orjson.loads(await source.objects.get(source.key("info")))
            cut = plan(info if isinstance(info, Mapping) else {}, asked.focus, width)
        except MissingObjectError:
            raise _refusal(asked.layer, "it has no info") from None
        except CutError as error:
            raise _refusal(asked.layer, str(error)) from None
        except ValueError:
            raise _refusal(asked.layer, "its info is no JSON") from None
        await copy(cut, source, Folder(objects=needs.buckets(to), path=path))
        return _SCRIPT.format(focus=asked.focus, url=f"gs://{to}/{path}")

    @routes.post("/subvol/{dataset}/submit")
    async def submit(
        dataset: str, sent: Annotated[dict[str, Any], Body(examples=[{"edited": "gs://bucket/path"}])], caller: Writer
    ) -> None:
        """Hand in what was edited."""
        del dataset
        bucket()
        path = (ROOT, caller.email, SUBMISSIONS, uuid.uuid4().hex)
        await needs.documents.write(Write(path=path, fields={**sent, "_timestamp": needs.clock()}))

    return routes


def _source(needs: Needs, dataset: Fields, layer: int) -> Folder:
    viewer = dataset.get("neuroglancer")
    layers = viewer.get("layers") if isinstance(viewer, Mapping) else None
    if not isinstance(layers, Sequence) or isinstance(layers, str) or layer >= len(layers):
        raise HTTPException(400, f"The dataset has no layer {layer}: its `neuroglancer.layers` are counted from 0.")
    url = _url(layers[layer])
    scheme = next((each for each in _SCHEMES if url.startswith(each)), None)
    if scheme is None:
        raise _refusal(layer, "it is no precomputed volume in Cloud Storage")
    name, _, path = url.removeprefix(scheme).strip("/").partition("/")
    try:
        return Folder(objects=needs.buckets(name), path=check_key(path) if path else path)
    except BadKeyError:
        raise _refusal(layer, "its address can't be read") from None


def _url(layer: Json) -> str:
    source = layer.get("source") if isinstance(layer, Mapping) else None
    url = source.get("url") if isinstance(source, Mapping) else source
    return url if isinstance(url, str) else ""


def _refusal(layer: int, why: str) -> HTTPException:
    return HTTPException(400, f"Layer {layer} can't be cut there: {why}.")
