"""The caller's own session and tokens."""

from __future__ import annotations

from typing import cast

import orjson
from fastapi import APIRouter, Request
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from karst_auth import people
from karst_auth.api.needs import SUCCESS, Anyone, Id, Needs, changing, get_and_post, json_answer, require_program
from karst_auth.changes import tokens
from karst_auth.changes.values import invalid
from karst_auth.known import Known
from karst_auth.model import ApiKey, App
from karst_auth.tokens import Token, find_token, may_be_token
from karst_platform.cave.errors import CaveError
from karst_platform.cave.guard.authority import token_hash
from karst_platform.pages import root_of, see_other, wants_page


def routes(needs: Needs) -> APIRouter:
    """All of them."""
    router = APIRouter(tags=["Session and tokens"])
    _records(router, needs)
    _sessions(router, needs)
    _keys(router, needs)
    return router


def _sessions(router: APIRouter, needs: Needs) -> None:
    @get_and_post(router, "/logout")
    async def log_out(request: Request, caller: Anyone) -> Response:
        """End the sign-in whose token this is."""
        require_program(request)
        token = _token(caller)
        if token.is_key:
            raise CaveError(422, "api_key", "This token is a key, not a sign-in: delete it instead.")
        async with changing(needs, request, caller) as change:
            await tokens.sign_out(change, caller.id, token.id)
        return json_answer(SUCCESS)

    @get_and_post(router, "/logout_all")
    async def log_out_everywhere(request: Request, caller: Anyone) -> Response:
        """End all sign-ins of the caller; keys stay."""
        require_program(request)
        async with changing(needs, request, caller) as change:
            await tokens.sign_out_everywhere(change, caller.id)
        return json_answer(SUCCESS)

    @router.get("/app")
    async def viewers(_caller: Anyone) -> Response:
        """List the origins of viewers that may get tokens."""
        async with needs.database.begin() as session:
            rows = (await session.execute(select(App.id, App.url).order_by(App.id))).all()
        return json_answer([{"id": id_, "url": url} for id_, url in rows])


def _keys(router: APIRouter, needs: Needs) -> None:
    @get_and_post(router, "/create_token")
    async def create_token(request: Request, caller: Anyone) -> Response:
        """Make a key, which stands in this answer and nowhere else. People with a browser are asked on a page first."""
        if request.method == "GET" and wants_page(request.scope):
            return see_other(f"{root_of(request)}/settings/create_token")
        require_program(request)
        return json_answer(await _create(needs, request, caller, None))

    @router.post("/user/token")
    async def create_key(request: Request, caller: Anyone) -> Response:
        """Make a key, with a description where the body has one."""
        return json_answer(await _create(needs, request, caller, _description(await request.body())))

    @router.get("/user/token")
    async def list_keys(caller: Anyone) -> Response:
        """List the caller's keys, newest first."""
        query = select(ApiKey).where(ApiKey.user_id == caller.id).order_by(ApiKey.created.desc(), ApiKey.id.desc())
        async with needs.database.begin() as session:
            rows = (await session.scalars(query)).all()
        return json_answer([_told(row) for row in rows])

    @router.delete("/user/token/{key_id:int}")
    async def delete_key(request: Request, key_id: Id, caller: Anyone) -> Response:
        """Revoke one of the caller's keys."""
        async with changing(needs, request, caller) as change:
            await tokens.revoke_key(change, caller.id, key_id)
        return json_answer(SUCCESS)

    @router.get("/user/token/{key}/ttl")
    async def seconds_left(key: str, caller: Anyone) -> Response:
        """Say for how many seconds a token of the caller works; -1 for ever."""
        async with needs.database.begin() as session:
            found = await find_token(session, token_hash(key)) if may_be_token(key) else None
        if found is None or found.user_id != caller.id:
            raise CaveError(404, "invalid_token", "This is no token of yours that works.")
        return json_answer(found.ttl_s())

    @get_and_post(router, "/refresh_token")
    async def refresh_token(request: Request, caller: Anyone) -> Response:
        """Replace the caller's only key by a new one. Make and delete keys instead."""
        require_program(request)
        async with changing(needs, request, caller) as change:
            keys = await change.session.scalars(select(ApiKey.id).where(ApiKey.user_id == caller.id).with_for_update())
            if len(keys.all()) > 1:
                invalid("You have several keys: make and delete them one by one.")
            await tokens.revoke_keys(change, caller.id)
            key = await tokens.create_key(change, caller.id, is_revealed=needs.is_revealed)
        return json_answer(key)


def _records(router: APIRouter, needs: Needs) -> None:
    # The first of all routes, since every service asks for it again and again: routes are tried in their order.
    @router.get("/user/cache")
    async def record(caller: Anyone) -> Response:
        """The caller's record: what every service decides by."""
        return Response(caller.to_bytes(), media_type="application/json")

    @router.get("/user/me")
    async def myself(caller: Anyone) -> Response:
        """Tell the caller who they are."""
        async with needs.database.begin() as session:
            told = await people.one(session, caller.id, is_detailed=True)
        if told is None:
            raise CaveError(404, "not_found", "This account was removed.")
        return json_answer(told)

    @router.get("/my_permissions")
    async def record_made_anew(caller: Anyone) -> Response:
        """The caller's record, read from the tables now."""
        found = await needs.tables.record_of_user(caller.id)
        if found is None:
            raise CaveError(404, "not_found", "This account was removed.")
        return Response(found.to_bytes(), media_type="application/json")

    @router.get("/user/missing")
    async def missing_terms(caller: Anyone) -> Response:
        """List terms of service that keep grants of the caller from being in force."""
        return json_answer(caller.to_json()["missing_tos"])


async def reveal(session: AsyncSession, user_id: int) -> str | None:
    """A key that was kept as it is; None where there is none."""
    query = select(ApiKey.key).where(ApiKey.user_id == user_id, ApiKey.key.is_not(None)).order_by(ApiKey.id)
    return await session.scalar(query.limit(1))


async def _create(needs: Needs, request: Request, caller: Known, description: object) -> str:
    async with changing(needs, request, caller) as change:
        return await tokens.create_key(change, caller.id, description=description, is_revealed=needs.is_revealed)


def _description(body: bytes) -> object:
    """What a body says of the key; clients send none, or one that is no JSON."""
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return cast("dict[str, object]", told).get("description") if isinstance(told, dict) else None


def _told(row: ApiKey) -> dict[str, object]:
    return {
        "id": row.id,
        "user_id": row.user_id,
        "token": row.key or row.token_hint,
        "description": row.description,
        "created": people.http_date(row.created),
        "updated": people.http_date(row.updated),
        "last_used": people.http_date(row.last_used),
    }


def _token(caller: Known) -> Token:
    if caller.token is None:
        raise CaveError(401, "invalid_token", "Unauthorized - Token is Invalid or Expired")
    return caller.token
