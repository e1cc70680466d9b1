"""Annotations of old and saved searches: any JSON object, one for each user and place of a dataset."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from karst_clio.identity.guard import General, Reader, Writer
from karst_clio.identity.user import Caller
from karst_clio.needs import Needs
from karst_clio.resources.places import AtLocation, Location, Place, Places
from karst_clio.web.answers import json_answer
from karst_clio.web.methods import post_or_put
from karst_clio.web.operations import answers
from karst_clio.web.routes import Routes
from karst_platform.stores.documents import Path

ANNOTATIONS: Path = ("clio_annotations", "USER", "annotations")
SEARCHES: Path = ("clio_savedsearches", "USER", "searches")
_OWNER = "email"
Payload = Annotated[dict[str, Any], Body(examples=[{"foo": "bar"}])]
_BY_LOCATION = {
    "50_30_50": {
        "foo": "bar",
        "timestamp": 1795166400.9,
        "dataset": "mb20",
        "location": [50, 30, 50],
        "locationkey": "50_30_50",
        "email": "ada@example.org",
        "id": "0c8f",
    }
}


class Kept(BaseModel):
    """What was sent, and what the server adds."""

    model_config = ConfigDict(extra="allow")

    timestamp: float
    dataset: str
    location: list[int]
    locationkey: str
    email: str
    id: str


ByLocation = dict[str, Kept]


class _Owned:
    """What both resources do, once a caller may."""

    def __init__(self, needs: Needs, collection: Path) -> None:
        self._clock = needs.clock
        self._places = Places(needs.documents, collection, owner=_OWNER)

    async def read(self, caller: Caller, dataset: str) -> Response:
        return json_answer(await self._places.of_user(caller.email, dataset))

    async def write(self, caller: Caller, dataset: str, location: Location, payload: dict[str, Any]) -> None:
        place = Place(user=caller.email, dataset=dataset, location=location)
        sent = {name: value for name, value in payload.items() if name != "timestamp"}
        await self._places.put(place, self._clock(), lambda _: sent)

    async def remove(self, caller: Caller, dataset: str, location: Location) -> None:
        await self._places.remove(Place(user=caller.email, dataset=dataset, location=location))


def router(needs: Needs) -> APIRouter:
    """Routes of `annotations` as they stand without a version."""
    routes = Routes(tags=["Annotations, first form"])
    owned = _Owned(needs, ANNOTATIONS)

    @routes.get("/annotations/{dataset}", response_model=ByLocation, responses=answers(_BY_LOCATION))
    async def annotations(dataset: str, caller: Reader) -> Response:
        """Show the caller's annotations by location."""
        return await owned.read(caller, dataset)

    @post_or_put(routes, "/annotations/{dataset}")
    async def annotate(dataset: str, location: AtLocation, payload: Payload, caller: Writer) -> None:
        """Write the caller's annotation at a location, in place of an earlier one."""
        await owned.write(caller, dataset, location, payload)

    @routes.delete("/annotations/{dataset}")
    async def remove_annotation(dataset: str, location: AtLocation, caller: Writer) -> None:
        """Remove the caller's annotation at a location; where there is none, that is no mistake."""
        await owned.remove(caller, dataset, location)

    return routes


def searches_router(needs: Needs) -> APIRouter:
    """Routes of `savedsearches`."""
    routes = Routes(tags=["Saved searches"])
    owned = _Owned(needs, SEARCHES)

    @routes.get("/savedsearches/{dataset}", response_model=ByLocation, responses=answers(_BY_LOCATION))
    async def searches(dataset: str, caller: General) -> Response:
        """Show the caller's saved searches by location."""
        return await owned.read(caller, dataset)

    @post_or_put(routes, "/savedsearches/{dataset}")
    async def save_search(dataset: str, location: AtLocation, payload: Payload, caller: General) -> None:
        """Save a search at a location, in place of an earlier one."""
        await owned.write(caller, dataset, location, payload)

    @routes.delete("/savedsearches/{dataset}")
    async def remove_search(dataset: str, location: AtLocation, caller: General) -> None:
        """Remove the caller's search at a location; where there is none, that is no mistake."""
        await owned.remove(caller, dataset, location)

    return routes
