"""Keys: the page that clients send people to when they need a token."""

from __future__ import annotations

from fastapi import APIRouter, Request
from sqlalchemy import select
from starlette.responses import Response

from karst_auth.api.needs import Anyone, Id, changing
from karst_auth.changes import tokens
from karst_auth.known import Known
from karst_auth.login.sign_in import SignIn
from karst_auth.model import ApiKey
from karst_platform.cave.errors import CaveError
from karst_platform.pages import Confirmation, Field, Posted, empty_form, filled_form, root_of, see_other

_FIELDS = (
    Field(
        name="description",
        label="What it is for",
        longest=tokens.DESCRIPTION,
        hint="Such as the machine or the script that will use it.",
    ),
)


def routes(sign_in: SignIn) -> APIRouter:
    """All of them."""
    router = APIRouter(include_in_schema=False)
    needs = sign_in.needs

    async def listed(request: Request, caller: Known, form: object, status: int = 200) -> Response:
        query = select(ApiKey).where(ApiKey.user_id == caller.id).order_by(ApiKey.created.desc(), ApiKey.id.desc())
        async with needs.database.begin() as session:
            keys = (await session.scalars(query)).all()
        values = {"keys": keys, "form": form, "is_revealed": needs.is_revealed, "places": sign_in.places}
        return sign_in.pages.answer(request, "keys.html.j2", values, person=caller, status=status)

    @router.get("/settings/tokens")
    async def keys(request: Request, caller: Anyone) -> Response:
        return await listed(request, caller, empty_form(_FIELDS))

    @router.post("/settings/tokens")
    async def create(request: Request, caller: Anyone, sent: Posted) -> Response:
        form = filled_form(_FIELDS, sent)
        try:
            async with changing(needs, request, caller) as change:
                told = sent.text("description") or None
                key = await tokens.create_key(change, caller.id, description=told, is_revealed=needs.is_revealed)
        except CaveError as error:
            return await listed(request, caller, form.refused(error), error.status_code)
        values = {"key": key, "description": told or "", "places": sign_in.places}
        return sign_in.pages.answer(request, "new_key.html.j2", values, person=caller)

    @router.get("/settings/create_token")
    async def ask_to_create(request: Request, caller: Anyone) -> Response:
        """What opens a link to make a key asks first: following a link makes nothing."""
        question = Confirmation(
            title="Make a new key?",
            message="A program that you use asks you for a key, which lets it work in your name. It is shown once.",
            button="Make a key",
            action=f"{root_of(request)}/settings/tokens",
            back=f"{root_of(request)}/settings/tokens",
        )
        return sign_in.pages.confirm(request, question, person=caller)

    @router.get("/settings/tokens/{key_id:int}/revoke")
    async def ask_to_revoke(request: Request, key_id: Id, caller: Anyone) -> Response:
        query = select(ApiKey).where(ApiKey.id == key_id, ApiKey.user_id == caller.id)
        async with needs.database.begin() as session:
            key = await session.scalar(query)
        if key is None:
            raise CaveError(404, "not_found", "There is no such key of yours.")
        question = Confirmation(
            title="Revoke this key?",
            message=f"Whatever uses {key.description or 'it'} ({key.token_hint}) stops working at once, for ever.",
            button="Revoke",
            action=f"{root_of(request)}/settings/tokens/{key_id}/revoke",
            back=f"{root_of(request)}/settings/tokens",
            is_danger=True,
        )
        return sign_in.pages.confirm(request, question, person=caller)

    @router.post("/settings/tokens/{key_id:int}/revoke")
    async def revoke(request: Request, key_id: Id, caller: Anyone, _sent: Posted) -> Response:
        async with changing(needs, request, caller) as change:
            await tokens.revoke_key(change, caller.id, key_id)
        return see_other(f"{root_of(request)}/settings/tokens")

    return router
