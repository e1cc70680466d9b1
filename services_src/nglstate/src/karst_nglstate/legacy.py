"""The oldest routes, without a version in their path: what links of the first years lead to."""

from __future__ import annotations

from functools import partial

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from karst_nglstate.answers import answer_json, answer_raw
from karst_nglstate.bodies import Bodies
from karst_nglstate.owners import refuse_others
from karst_nglstate.record import Column, Visibility
from karst_nglstate.routes import BANNER, SIGNED_IN, About, Caller, ForWhom, StateId, read_id
from karst_nglstate.states import States


def legacy(states: States, bodies: Bodies, about: About) -> APIRouter:
    """All routes without a version, which read and post states only, and the words on what this is."""
    router = APIRouter(include_in_schema=False)

    @router.get("/", dependencies=[SIGNED_IN])
    @router.get("/index", dependencies=[SIGNED_IN])
    @router.get("/api/v1", dependencies=[SIGNED_IN])
    @router.get("/api/v1/index", dependencies=[SIGNED_IN])
    async def banner() -> PlainTextResponse:
        return PlainTextResponse(BANNER)

    @router.post("/post")
    async def post(request: Request, caller: Caller, visibility: ForWhom = Visibility.SHARED) -> Response:
        kept = await states.post(Column.STATE, await bodies.read(request), str(caller.id), visibility)
        return JSONResponse(about.address(request, Column.STATE, kept))

    @router.get("/raw/{state_id}")
    async def raw(request: Request, state_id: StateId, caller: Caller) -> Response:
        refuse = partial(refuse_others, request, caller)
        async with states.reading(Column.STATE, read_id(state_id), refuse) as (_, stream):
            return answer_raw(stream)

    @router.get("/{state_id}")
    async def read(request: Request, state_id: StateId, caller: Caller) -> Response:
        refuse = partial(refuse_others, request, caller)
        async with states.reading(Column.STATE, read_id(state_id), refuse) as (record, stream):
            return await answer_json(request, record, stream)

    return router
