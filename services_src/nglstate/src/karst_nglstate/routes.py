"""The routes for clients, version 1 of the API."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from karst_nglstate.answers import answer_json, answer_raw, link
from karst_nglstate.bodies import Bodies
from karst_nglstate.owners import Owner, refuse_others
from karst_nglstate.record import LARGEST_NEW_ID, Column, Record, Visibility, id_of
from karst_nglstate.states import States
from karst_platform.cave.errors import CaveError
from karst_platform.cave.guard.checks import signed_in, superadmin
from karst_platform.cave.guard.guard import guard_of
from karst_platform.cave.guard.record import UserRecord
from karst_platform.cave.operations import answers

TAGS = {
    "States": "States of viewers.",
    "Properties": "Properties of segments, as Neuroglancer reads them.",
    "Service": "What clients ask before they begin.",
}
BANNER = "Karst keeps states of viewers here. POST one to /api/v1/post, and GET the address that is answered.\n"
_LAST_SECOND = 253_402_300_799
_ADDRESS = "https://g.example.org/nglstate/api/v1/5629499534213120"
_EXAMPLE = {"layers": [], "layout": "4panel"}
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "Any JSON. It needs no Content-Type, and may come with Content-Encoding: gzip or deflate.",
        "content": {"application/json": {"schema": {}, "example": _EXAMPLE}},
    }
}
StateId = Annotated[str, Path(description="The digits at the end of a link.", examples=["5629499534213120"])]
ForWhom = Annotated[
    Visibility,
    Query(description="Who may read it: `shared`, whoever has a token; `private`, whoever posted it and superadmins."),
]
Caller = Annotated[UserRecord, Depends(signed_in)]
SIGNED_IN = Depends(signed_in)
Superadmin = Annotated[UserRecord, Depends(superadmin)]


@dataclass(frozen=True, kw_only=True)
class About:
    """What the service says of itself."""

    version: str
    project: str
    table: str
    root: str

    def address(self, request: Request, column: Column, state_id: int) -> str:
        """The link behind which something stands."""
        folder = "" if column is Column.STATE else "property/"
        return link(request, f"{self.root}/api/v1/{folder}{state_id}")


def api(states: States, bodies: Bodies, about: About) -> APIRouter:
    """All routes of version 1."""
    router = APIRouter()
    router.include_router(_service(about), tags=["Service"])
    for column, tag in ((Column.STATE, "States"), (Column.PROPERTIES, "Properties")):
        router.include_router(_posting(states, bodies, about, column), tags=[tag])
        router.include_router(_reading(states, column), tags=[tag])
    return router


def read_id(text: str) -> int:
    """Read an id. Raises CaveError, 400."""
    state_id = id_of(text)
    if state_id is None:
        raise CaveError(400, "invalid_id", "An id is a whole number above 0, as it stands at the end of a link.")
    return state_id


def only_programs(request: Request) -> None:
    """Refuse a GET that would change something, unless it carries its token in a header: no page can make those."""
    if request.method == "GET" and not guard_of(request).carried(request).authorization:
        message = "Post states with POST; a GET needs Authorization: Bearer."
        raise CaveError(405, "method_not_allowed", message, headers={"Allow": "POST"})


def _service(about: About) -> APIRouter:
    router = APIRouter()

    @router.get(
        "/version", response_model=str, responses=answers(about.version, 400, 401, 503), dependencies=[SIGNED_IN]
    )
    async def version() -> Response:
        """Say which version runs, and with which one of CAVE it agrees."""
        return JSONResponse(about.version)

    @router.get("/table_info", response_class=PlainTextResponse, include_in_schema=False)
    async def table_info(caller: Caller) -> PlainTextResponse:
        """Say who asks, and where states are kept."""
        return PlainTextResponse(f"user: {caller.id}\nproject: {about.project}\ntable: {about.table}\n")

    return router


def _posting(states: States, bodies: Bodies, about: About, column: Column) -> APIRouter:
    router = APIRouter(prefix="" if column is Column.STATE else "/property")
    what = "a state" if column is Column.STATE else "properties"

    async def post(request: Request, caller: Caller, visibility: ForWhom = Visibility.SHARED) -> Response:
        only_programs(request)
        kept = await states.post(column, await bodies.read(request), str(caller.id), visibility)
        return JSONResponse(about.address(request, column, kept))

    async def post_as(
        request: Request,
        state_id: StateId,
        caller: Superadmin,
        visibility: ForWhom = Visibility.SHARED,
        timestamp: Annotated[
            float | None,
            Query(ge=0, le=_LAST_SECOND, allow_inf_nan=False, description="When it was made, in seconds since 1970."),
        ] = None,
    ) -> Response:
        chosen = read_id(state_id)
        if chosen > LARGEST_NEW_ID:
            raise CaveError(
                400, "invalid_id", f"New ids are {LARGEST_NEW_ID} at the most: browsers read no larger one."
            )
        wanted = Record(
            id=chosen,
            column=column,
            user_id=str(caller.id),
            created=datetime.fromtimestamp(timestamp, UTC) if timestamp is not None else datetime.now(UTC),
            visibility=visibility,
        )
        await states.post_as(wanted, await bodies.read(request))
        return JSONResponse(about.address(request, column, chosen))

    failures = (400, 401, 413, 415, 503)
    router.add_api_route(
        "/post",
        post,
        methods=["POST"],
        response_model=str,
        name=f"post_{column}",
        description=f"Keep {what}, and answer its address; posted again within ten minutes, it keeps the one it has.",
        responses=answers(_ADDRESS, *failures),
        openapi_extra=_BODY,
    )
    if column is Column.STATE:
        router.add_api_route("/post", post, methods=["GET"], include_in_schema=False)
    router.add_api_route(
        "/post/{state_id}",
        post_as,
        methods=["POST"],
        response_model=str,
        name=f"post_{column}_as",
        description=f"Keep {what} behind an id of one's own choosing.",
        responses=answers(_ADDRESS, 403, 409, *failures),
        openapi_extra=_BODY,
    )
    return router


def _reading(states: States, column: Column) -> APIRouter:
    router = APIRouter(prefix="" if column is Column.STATE else "/property")
    what = "a state" if column is Column.STATE else "properties"
    end = "" if column is Column.STATE else "/info"

    async def read(request: Request, state_id: StateId, caller: Caller) -> Response:
        refuse = partial(refuse_others, request, caller)
        async with states.reading(column, read_id(state_id), refuse) as (record, stream):
            return await answer_json(request, record, stream)

    async def raw(request: Request, state_id: StateId, caller: Caller) -> Response:
        refuse = partial(refuse_others, request, caller)
        async with states.reading(column, read_id(state_id), refuse) as (_, stream):
            return answer_raw(stream)

    async def delete(state_id: StateId) -> Response:
        await states.delete(column, read_id(state_id))
        return JSONResponse("success")

    router.add_api_route(
        "/raw/{state_id}",
        raw,
        methods=["GET"],
        name=f"raw_{column}",
        description=f"Read {what} as a zlib stream.",
        responses={
            **answers(None, 400, 401, 403, 404, 503),
            200: {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}},
        },
        response_class=Response,
    )
    router.add_api_route(
        f"/{{state_id}}{end}",
        read,
        methods=["GET"],
        name=f"read_{column}",
        description=f"Read {what}, byte for byte as posted.",
        responses=answers(_EXAMPLE, 400, 401, 403, 404, 503),
    )
    router.add_api_route(
        "/{state_id}",
        delete,
        methods=["DELETE"],
        dependencies=[Depends(Owner(column))],
        response_model=str,
        name=f"delete_{column}",
        description=f"Delete {what}. Whoever posted may, and superadmins.",
        responses=answers("success", 400, 401, 403, 404, 503),
    )
    return router
