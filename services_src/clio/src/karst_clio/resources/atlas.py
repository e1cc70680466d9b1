"""The atlas: places worth a visit, with a title. Everybody who may read a dataset sees those that were verified."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, HTTPException
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from karst_clio.identity.guard import NO_PERMISSION, Anyone, Reader, Writer
from karst_clio.identity.user import Caller, Role
from karst_clio.needs import Needs
from karst_clio.resources.ids import can_exist
from karst_clio.resources.places import AtLocation, Place, Places, latest
from karst_clio.web.answers import json_answer
from karst_clio.web.methods import post_or_put
from karst_clio.web.operations import answers
from karst_clio.web.routes import Routes
from karst_platform.stores.documents import Fields, Json, Path, Query, Transaction, Write

ATLAS: Path = ("clio_annotations", "ATLAS", "annotations")
_OWNER = "user"
_VERIFIED = "verified"
_REQUIRED = ("title", "user")
Entry = dict[str, Any]
_EXAMPLE = {
    "title": "T",
    "user": "ada@example.org",
    "timestamp": 1795166400.9,
    "dataset": "mb20",
    "location": [1, 2, 3],
    "locationkey": "1_2_3",
    "id": "5f3c0a9be21d4c7788aa01b2c3d4e5f6",
    "verified": False,
}


class AtlasEntry(BaseModel):
    """An entry, with whatever else was sent with it."""

    model_config = ConfigDict(extra="allow")

    title: str
    user: str
    timestamp: float
    dataset: str
    location: list[int]
    locationkey: str = Field(examples=["1_2_3"])
    id: str
    verified: bool


def router(needs: Needs) -> APIRouter:
    """Routes of `atlas` and `atlas-verify`."""
    routes = Routes(tags=["Atlas"])
    _add_reading(routes, needs)
    _add_writing(routes, needs)
    _add_verifying(routes, needs)
    return routes


def _add_reading(routes: APIRouter, needs: Needs) -> None:
    places = Places(needs.documents, ATLAS, owner=_OWNER)

    @routes.get("/atlas/all", response_model=list[AtlasEntry], responses=answers([_EXAMPLE]))
    async def all_entries(caller: Anyone) -> Response:
        """Show the entries of all datasets that the caller may read: verified ones, its own, or all to a writer."""
        found = latest([each async for each in needs.documents.find(Query(collection=ATLAS))], _OWNER)
        return json_answer([_shown({**each.fields, "id": each.id}) for each in found if _may_see(caller, each.fields)])

    @routes.get("/atlas/{dataset}", response_model=dict[str, AtlasEntry], responses=answers({"1_2_3": _EXAMPLE}))
    async def own_entries(dataset: str, caller: Reader) -> Response:
        """Show the caller's own entries by location."""
        found = await places.of_user(caller.email, dataset)
        return json_answer({key: _shown(fields) for key, fields in found.items()})


def _add_writing(routes: APIRouter, needs: Needs) -> None:
    places = Places(needs.documents, ATLAS, owner=_OWNER)

    @post_or_put(routes, "/atlas/{dataset}", model=AtlasEntry, responses=answers(_EXAMPLE))
    async def write(
        dataset: str,
        location: AtLocation,
        entry: Annotated[Entry, Body(examples=[{"title": "T", "user": "ada@example.org", "description": "d"}])],
        caller: Writer,
    ) -> Response:
        """Write a user's entry at a location, in place of an earlier one, whose id it keeps; answer with it."""
        new = _checked(entry)
        may_verify = caller.has_role(Role.WRITE, dataset)
        user = caller.email if caller.is_(new["user"]) else new["user"]
        if (user != caller.email and not caller.can_write_others(dataset)) or (new[_VERIFIED] and not may_verify):
            raise HTTPException(401, NO_PERMISSION)

        def make(stored: Fields | None) -> Fields:
            if stored is not None and stored.get(_VERIFIED) is True and not may_verify:
                raise HTTPException(401, NO_PERMISSION)
            return new

        place = Place(user=user, dataset=dataset, location=location)
        return json_answer(await places.put(place, needs.clock(), make))

    @routes.delete("/atlas/{dataset}")
    async def remove(dataset: str, location: AtLocation, caller: Writer) -> None:
        """Remove the caller's own entry at a location; where there is none, that is no mistake."""
        await places.remove(Place(user=caller.email, dataset=dataset, location=location))


def _add_verifying(routes: APIRouter, needs: Needs) -> None:
    @routes.post("/atlas-verify/{entry_id}", response_model=AtlasEntry, responses=answers(_EXAMPLE, 403, 404))
    async def verify(entry_id: str, caller: Anyone) -> Response:
        """Verify an entry, or take that back; answer with it."""
        path = (*ATLAS, entry_id)

        async def work(transaction: Transaction) -> Entry:
            stored = await transaction.get(path)
            if stored is None:
                raise _unknown(entry_id)
            if not caller.has_role(Role.WRITE, str(stored.fields.get("dataset", ""))):
                raise HTTPException(403, NO_PERMISSION)
            fields = {**stored.fields, "id": stored.id, _VERIFIED: stored.fields.get(_VERIFIED) is not True}
            transaction.write(Write(path=path, fields=fields))
            return fields

        if not can_exist(path):
            raise _unknown(entry_id)
        return json_answer(await needs.documents.in_transaction(work))


def _checked(entry: Entry) -> Entry:
    for name in _REQUIRED:
        if not isinstance(entry.get(name), str):
            raise HTTPException(400, f"An entry of the atlas needs a {name}, which is a text.")
    if not isinstance(entry.get(_VERIFIED, False), bool):
        raise HTTPException(400, "verified is true or false.")
    kept: dict[str, Json] = {name: value for name, value in entry.items() if name != "timestamp"}
    return {_VERIFIED: False, **kept}


def _may_see(caller: Caller, fields: Fields) -> bool:
    dataset, user = str(fields.get("dataset", "")), fields.get(_OWNER)
    if not caller.can_read(dataset):
        return False
    is_own = isinstance(user, str) and caller.is_(user)
    return fields.get(_VERIFIED) is True or is_own or caller.can_write_others(dataset)


def _shown(fields: Fields) -> Entry:
    return {**fields, _VERIFIED: fields.get(_VERIFIED) is True}


def _unknown(entry_id: str) -> HTTPException:
    return HTTPException(404, f"The atlas has no entry {entry_id[:100]!r}.")
