"""Image transfer: a model makes a cut-out look like another modality; the answer is a link that shows the result."""

from __future__ import annotations

import asyncio
import itertools
import json
import secrets
import string
from collections.abc import Sequence
from typing import Annotated
from urllib.parse import quote

import httpx
from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, Field

from karst_clio.identity.guard import NO_PERMISSION, Anyone
from karst_clio.identity.user import Role
from karst_clio.needs import Needs
from karst_clio.resources.templates import filled
from karst_clio.settings import ClioSettings
from karst_clio.web.operations import answers
from karst_clio.web.routes import Routes
from karst_platform.stores.documents import Fields, Json
from karst_platform.tasks import end

BLOCK = 128
SCALE = "8.0x8.0x8.0"
TRIES = 10
PAUSE_S = 5.0
IDENTITY_URL = "http://metadata/computeMetadata/v1/instance/service-accounts/default/identity"
_TIMEOUT = httpx.Timeout(120, connect=5)
_LIMIT = 2**62
INFO: Json = {
    "@type": "neuroglancer_multiscale_volume",
    "data_type": "uint8",
    "num_channels": 1,
    "type": "image",
    "scales": [
        {
            "chunk_sizes": [[64, 64, 64]],
            "encoding": "raw",
            "key": SCALE,
            "resolution": [8, 8, 8],
            "size": [2 * BLOCK] * 3,
            "offset": [0, 0, 0],
            "voxel_offset": [0, 0, 0],
        }
    ],
}


class Cutout(BaseModel):
    """What to transfer, and how."""

    dataset: str = Field(examples=["mb20"])
    model_name: str = Field(description="One of the dataset's `transfer`.", examples=["m:1"])
    center: list[Annotated[int, Field(ge=-_LIMIT, le=_LIMIT)]] = Field(
        min_length=3, max_length=3, examples=[[18416, 16369, 26467]]
    )


class Link(BaseModel):
    """Where the result is to be seen."""

    addr: str


def router(needs: Needs) -> APIRouter:
    """Routes of `transfer`."""
    routes = Routes(tags=["Image search"])

    @routes.post("/transfer", responses=answers({"addr": "https://neuroglancer-demo.appspot.com/#!%7B...%7D"}, 403))
    async def transfer(cutout: Cutout, caller: Anyone) -> Link:
        """Transfer a cube of 256 voxels around a centre."""
        if not caller.has_role(Role.GENERAL, cutout.dataset):
            raise HTTPException(403, NO_PERMISSION)
        worker = needs.settings.transfer_function
        if worker is None or not needs.settings.transfer_bucket:
            raise HTTPException(503, "This server transfers no images: set TRANSFER_FUNC and TRANSFER_DEST.")
        location = _location(await needs.catalog.get(cutout.dataset), cutout)
        name = "".join(secrets.choice(string.ascii_lowercase) for _ in range(20))
        bucket, _, folder = needs.settings.transfer_bucket.partition("/")
        place = f"{folder}/{name}" if folder else name
        objects = needs.buckets(bucket)
        await objects.put(f"{place}/info", json.dumps(INFO).encode(), content_type="application/json")
        try:
            await _run(needs.http, worker, _blocks(cutout, location, f"{bucket}/{place}/{SCALE}"))
        except BaseException:  # it may have been given up, too
            await asyncio.shield(objects.delete_prefix(place))
            raise
        return Link(addr=link(needs.settings, f"{bucket}/{place}"))

    return routes


def link(settings: ClioSettings, place: str) -> str:
    """A link to the viewer that shows a volume of Cloud Storage."""
    layer = {"type": "image", "source": {"url": f"precomputed://gs://{place}"}, "tab": "source", "name": "jpeg"}
    state = {"layers": [layer], "selectedLayer": {"layer": "jpeg", "visible": True}}
    return f"{settings.neuroglancer_url}/#!{quote(json.dumps(state, separators=(',', ':')), safe='')}"


def _location(stored: Fields | None, cutout: Cutout) -> str:
    if stored is None:
        raise HTTPException(400, f"There is no dataset {cutout.dataset[:100]!r}.")
    fields = filled(stored)
    models = fields.get("transfer")
    if not isinstance(models, Sequence) or isinstance(models, str) or cutout.model_name not in models:
        raise HTTPException(400, f"Dataset {cutout.dataset!r} has no model {cutout.model_name[:100]!r}.")
    location = fields.get("location")
    if not isinstance(location, str):
        raise HTTPException(400, f"Dataset {cutout.dataset!r} does not say where its images are (location).")
    return location


def _blocks(cutout: Cutout, location: str, dest: str) -> list[dict[str, Json]]:
    """What the worker is asked for each of the eight blocks."""
    corner = [each - BLOCK for each in cutout.center]
    return [
        {
            "location": location,
            "glbstart": corner,
            "start": [start + BLOCK * step for start, step in zip(corner, steps, strict=True)],
            "size": [BLOCK] * 3,
            "model_name": cutout.model_name,
            "dest": dest,
        }
        for steps in itertools.product(range(2), repeat=3)
    ]


async def _run(http: httpx.AsyncClient, worker: str, blocks: Sequence[dict[str, Json]]) -> None:
    headers = await _identity(http, worker)
    tasks = [asyncio.create_task(_run_block(http, worker, headers, block)) for block in blocks]
    try:
        await asyncio.gather(*tasks)
    finally:
        await end(*(task for task in tasks if not task.done()))


async def _run_block(http: httpx.AsyncClient, worker: str, headers: dict[str, str], block: dict[str, Json]) -> None:
    reason = ""
    for number in range(TRIES):
        if number:
            await asyncio.sleep(PAUSE_S)
        try:
            answer = await http.post(worker, json=block, headers=headers, timeout=_TIMEOUT)
        except httpx.HTTPError as error:
            reason = f"its worker does not answer ({type(error).__name__})"
            continue
        if answer.is_success:
            return
        reason = f"its worker answered {answer.status_code}"
    raise _failure(f"{reason}, {TRIES} times")


async def _identity(http: httpx.AsyncClient, worker: str) -> dict[str, str]:
    """Who we are, for the worker. It isn't said where it could be overheard, as to a worker on the same machine."""
    if not worker.startswith("https://"):
        return {}
    try:
        answer = await http.get(IDENTITY_URL, params={"audience": worker}, headers={"Metadata-Flavor": "Google"})
        answer.raise_for_status()
    except httpx.HTTPError:
        raise _failure("this machine has no identity to show to its worker") from None
    return {"Authorization": f"Bearer {answer.text.strip()}"}


def _failure(reason: str) -> HTTPException:
    return HTTPException(502, f"The transfer failed: {reason}.")
