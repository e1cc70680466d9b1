"""The start, the account of whoever is signed in, and the way out."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from karst_auth import people
from karst_auth.api.needs import Anyone, changing
from karst_auth.changes import tokens
from karst_auth.login.sign_in import SignIn
from karst_auth.model import LoginToken
from karst_auth.tokens import sign_ins_of
from karst_platform.pages import Posted, root_of, see_other
from karst_platform.permissions import PUBLIC

_LARGEST_ID = 2**31 - 1


def routes(sign_in: SignIn) -> APIRouter:
    """All of them."""
    router = APIRouter(include_in_schema=False)
    _start(router, sign_in)
    _account(router, sign_in)
    _sign_out(router, sign_in)
    return router


def _start(router: APIRouter, sign_in: SignIn) -> None:
    @router.get("/", dependencies=[PUBLIC])
    async def start(request: Request) -> Response:
        return sign_in.pages.answer(request, "start.html.j2", {"can_sign_in": sign_in.provider is not None})

    @router.get("/settings/signed_out", dependencies=[PUBLIC])
    async def signed_out(request: Request) -> Response:
        return sign_in.pages.answer(request, "signed_out.html.j2")


def _account(router: APIRouter, sign_in: SignIn) -> None:
    needs = sign_in.needs

    @router.get("/settings")
    async def account(request: Request, caller: Anyone) -> Response:
        query = sign_ins_of(caller.id).order_by(LoginToken.created.desc()).limit(100)
        async with needs.database.begin() as session:
            told = await people.one(session, caller.id, is_detailed=True)
            sign_ins = (await session.scalars(query)).all()
        values = {"user": told or {}, "sign_ins": sign_ins, "now_id": caller.token.id if caller.token else None}
        return sign_in.pages.answer(request, "account.html.j2", values, person=caller)


def _sign_out(router: APIRouter, sign_in: SignIn) -> None:
    needs, name = sign_in.needs, sign_in.places.token_name
    gone = f"{name}=; Max-Age=0; Secure; HttpOnly; Path=/; SameSite=Lax"

    @router.post("/settings/sign_out")
    async def sign_out(request: Request, caller: Anyone, sent: Posted) -> Response:
        """End this sign-in, another one (`id`), or all of them (`everywhere`)."""
        told = sent.text("id")
        other = int(told) if told.isascii() and told.isdigit() and int(told[:12]) <= _LARGEST_ID else None
        is_everywhere = sent.has("everywhere")
        async with changing(needs, request, caller) as change:
            if is_everywhere:
                await tokens.sign_out_everywhere(change, caller.id)
            elif other is not None:
                await tokens.sign_out(change, caller.id, other)
            elif caller.token is not None and not caller.token.is_key:
                await tokens.sign_out(change, caller.id, caller.token.id)
        is_other = other is not None and not is_everywhere and (caller.token is None or other != caller.token.id)
        if is_other:
            return see_other(f"{root_of(request)}/settings")
        return see_other(f"{root_of(request)}/settings/signed_out", {"Set-Cookie": gone})
