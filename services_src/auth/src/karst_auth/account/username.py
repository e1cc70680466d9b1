"""The name by which others see somebody. New people are asked for it before they go on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from fastapi import APIRouter, Request
from sqlalchemy import select
from starlette.responses import Response

from karst_auth.api.needs import Anyone, changing
from karst_auth.changes import users
from karst_auth.known import Known
from karst_auth.login.attempts import Then
from karst_auth.login.sign_in import SignIn, actor_of
from karst_auth.model import CustomName, User
from karst_platform.cave.errors import CaveError
from karst_platform.cave.guard.guard import caller_token
from karst_platform.pages import Field, Form, Posted, empty_form, filled_form, root_of, see_other

_FIELD = Field(name="customName", label="Name that others see", longest=users.NAME, autocomplete="nickname")
_PATHS = ("/settings/username", "/api/v1/register/choose_username")


def routes(sign_in: SignIn) -> APIRouter:
    """All of them."""
    router = APIRouter(include_in_schema=False)
    needs = sign_in.needs

    async def page(request: Request, caller: Known, then: Then, form: Form | None, status: int = 200) -> Response:
        async with needs.database.begin() as session:
            chosen = await session.scalar(select(CustomName).where(CustomName.user_id == caller.id))
            account_name = await session.scalar(select(User.name).where(User.id == caller.id))
        shown = chosen.name if chosen is not None and chosen.active else ""
        values: Mapping[str, object] = {
            "account_name": account_name,
            "action": sign_in.path(request, _PATHS[0], then, **_kept(request)),
            "chosen": chosen,
            "form": form or empty_form([_FIELD], {_FIELD.name: shown}),
            "is_new": _is_new(request),
        }
        return sign_in.pages.answer(
            request,
            "name.html.j2",
            values,
            person=caller,
            status=status,
            form_targets=then.targets,
        )

    async def name(request: Request, caller: Anyone) -> Response:
        return await page(request, caller, await sign_in.then_of(request.query_params), None)

    async def choose(request: Request, caller: Anyone, sent: Posted) -> Response:
        then = await sign_in.then_of(request.query_params)
        try:
            async with changing(needs, request, caller) as change:
                await users.choose_name(change, user_id=caller.id, name=sent.text(_FIELD.name))
        except CaveError as error:
            form = filled_form([_FIELD], sent).wrong(_FIELD.name, error.message)
            return await page(request, caller, then, form, error.status_code)
        if not _is_new(request):
            return see_other(f"{root_of(request)}/settings")
        if then.tos_id is not None:
            path = f"/api/v1/tos/{then.tos_id}/accept"
            kept = {"popup": "true"} if not then.redirect else {}
            return see_other(sign_in.path(request, path, replace(then, tos_id=None), **kept))
        return await sign_in.finish(request, actor_of(request, caller), caller_token(request) or "", then)

    for path in _PATHS:
        router.add_api_route(path, name, methods=["GET"])
        router.add_api_route(path, choose, methods=["POST"])
    return router


def _kept(request: Request) -> dict[str, str]:
    return {"new_account": "true"} if _is_new(request) else {}


def _is_new(request: Request) -> bool:
    return request.query_params.get("new_account") == "true"
