"""Terms of service: to read, and to accept; then on to where somebody came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from fastapi import APIRouter, Request
from sqlalchemy import select
from starlette.responses import Response

from karst_auth.api.needs import Anyone, Id, changing
from karst_auth.changes import terms
from karst_auth.known import Known
from karst_auth.login.attempts import Then
from karst_auth.login.sign_in import SignIn, actor_of
from karst_auth.model import Tos, TosAcceptance
from karst_platform.cave.errors import CaveError
from karst_platform.cave.guard.guard import caller_token
from karst_platform.pages import Field, Form, Kind, Posted, empty_form, see_other
from karst_platform.pages.markdown import render_markdown

_AGREE = Field(name="tos_agree", label="I have read these terms of service, and accept them.", kind=Kind.TICK)
_PATH = "/api/v1/tos/{tos_id:int}/accept"
_VIEWER = "ng"
"""What viewers say of themselves in `client`: they wait for a message."""


def routes(sign_in: SignIn) -> APIRouter:
    """All of them."""
    router = APIRouter(include_in_schema=False)
    needs = sign_in.needs

    @router.get(_PATH)
    async def show(request: Request, tos_id: Id, caller: Anyone) -> Response:
        then = await sign_in.then_of(request.query_params)
        return await _page(request, sign_in, tos_id, caller, then, empty_form([_AGREE]))

    @router.post(_PATH)
    async def accept(request: Request, tos_id: Id, caller: Anyone, sent: Posted) -> Response:
        then = replace(await sign_in.then_of(request.query_params), tos_id=None)
        if not sent.is_ticked(_AGREE.name):
            form = empty_form([_AGREE]).wrong(_AGREE.name, "Tick the box to accept these terms.")
            return await _page(request, sign_in, tos_id, caller, then, form, 422)
        async with changing(needs, request, caller) as change:
            await terms.accept(change, tos_id=tos_id, user_id=caller.id)
        told = request.query_params
        if told.get("client") == _VIEWER:
            return sign_in.message(request, "success", await sign_in.origins.all(), person=caller)
        if then.redirect or told.get("popup"):
            return await sign_in.finish(request, actor_of(request, caller), caller_token(request) or "", then)
        return see_other(sign_in.path(request, f"/api/v1/tos/{tos_id}/accept", Then(), thanks="true"))

    return router


async def _page(
    request: Request, sign_in: SignIn, tos_id: int, caller: Known, then: Then, form: Form, status: int = 200
) -> Response:
    async with sign_in.needs.database.begin() as session:
        tos = await session.scalar(select(Tos).where(Tos.id == tos_id))
        acceptance = select(TosAcceptance.created).where(TosAcceptance.tos_id == tos_id)
        accepted = await session.scalar(acceptance.where(TosAcceptance.user_id == caller.id))
    if tos is None:
        raise CaveError(404, "not_found", "There are no such terms of service.")
    told = request.query_params
    is_waiting = bool(then.redirect or told.get("popup") or told.get("client"))
    more = {name: told[name] for name in ("client", "popup") if told.get(name)}
    values: Mapping[str, object] = {
        "accepted": accepted,
        "action": sign_in.path(request, f"/api/v1/tos/{tos_id}/accept", then, **more),
        "form": form,
        "is_waiting": is_waiting,
        "is_thanked": told.get("thanks") == "true",
        "text": render_markdown(tos.text),
        "tos": tos,
    }
    return sign_in.pages.answer(
        request,
        "terms.html.j2",
        values,
        person=caller,
        status=status,
        form_targets=then.targets,
    )
