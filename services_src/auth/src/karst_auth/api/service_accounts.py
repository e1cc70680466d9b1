"""Service accounts: users without a person, each made by one."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from karst_auth import people
from karst_auth.api.needs import (
    SUCCESS,
    Body,
    Id,
    Needs,
    SomeRole,
    Superadmin,
    changing,
    get_and_post,
    ids_of,
    json_answer,
    plain,
    require_program,
)
from karst_auth.api.session import reveal
from karst_auth.changes import tokens, users
from karst_auth.model import User
from karst_auth.records import shown_name
from karst_platform.cave.errors import CaveError

_MOST_FOUND = 1000


def routes(needs: Needs) -> APIRouter:
    """All of them."""
    router = APIRouter(tags=["Service accounts"])
    _lists(router, needs)
    _one(router, needs)
    _details(router, needs)
    return router


def _lists(router: APIRouter, needs: Needs) -> None:
    @router.get("/service_account")
    async def list_service_accounts(_caller: SomeRole, id: str | None = None, name: str | None = None) -> Response:
        """Find service accounts by ids or a part of the name; all of them without either."""
        query = people.people().where(User.parent_id.is_not(None))
        if id is not None:
            query = query.where(User.id.in_(ids_of(id)))
        elif name is not None:
            query = query.where(people.like(shown_name(), plain(name, "name")))
        async with needs.database.begin() as session:
            rows = (await session.execute(query.order_by(User.id).limit(_MOST_FOUND))).all()
            return json_answer(await people.tell(session, rows, is_detailed=False))

    @router.post("/service_account")
    async def create_service_account(request: Request, caller: Superadmin, body: Body) -> Response:
        """Make a service account; `token` in the answer is its key, which stands nowhere else."""
        async with changing(needs, request, caller) as change:
            user_id, token = await users.create_service_account(
                change, name=body.get("name"), parent_id=caller.id, is_revealed=needs.is_revealed
            )
            told = await people.one(change.session, user_id, is_detailed=False)
        return json_answer({**(told or {}), "token": token})


def _one(router: APIRouter, needs: Needs) -> None:
    @router.get("/service_account/{user_id:int}")
    async def one_service_account(user_id: Id, _caller: Superadmin) -> Response:
        """Tell of one service account, and of who made it."""
        async with needs.database.begin() as session:
            told = await people.one(session, user_id, is_detailed=True, kind=True)
        if told is None:
            raise _unknown()
        return json_answer(told)

    @router.put("/service_account/{user_id:int}")
    async def update_service_account(request: Request, user_id: Id, caller: Superadmin, body: Body) -> Response:
        """Change a service account: active, admin, gdpr_consent, name, pi, read_only."""
        async with changing(needs, request, caller) as change:
            await users.update(change, user_id=user_id, values=body, is_service_account=True)
        return json_answer(SUCCESS)

    @router.delete("/service_account/{user_id:int}")
    async def remove_service_account(request: Request, user_id: Id, caller: Superadmin) -> Response:
        """Take a service account away, with its key."""
        async with changing(needs, request, caller) as change:
            await users.remove(change, user_id=user_id, is_service_account=True)
        return json_answer(SUCCESS)


def _details(router: APIRouter, needs: Needs) -> None:
    @get_and_post(router, "/service_account/{user_id:int}/token")
    async def working_token(request: Request, user_id: Id, caller: Superadmin) -> Response:
        """A key that works: the one that was kept, else a new one in place of the old, of which only a hash is kept."""
        require_program(request)
        async with changing(needs, request, caller) as change:
            user = await users.locked(change, user_id, is_service_account=True)
            kept = await reveal(change.session, user_id)
            if kept is not None:
                change.note("token.reveal", f"user/{user_id}")
                return json_answer(kept)
            await tokens.revoke_keys(change, user_id)
            key = await tokens.create_key(change, user_id, description=user.name, is_revealed=needs.is_revealed)
        return json_answer(key)

    @router.get("/service_account/{user_id:int}/group")
    async def groups_of_service_account(user_id: Id, _caller: Superadmin) -> Response:
        """List the groups of a service account."""
        async with needs.database.begin() as session:
            if await people.one(session, user_id, is_detailed=False, kind=True) is None:
                raise _unknown()
            return json_answer(await people.groups_of(session, user_id))

    @router.get("/service_account/{user_id:int}/permissions")
    async def record_of_service_account(user_id: Id, _caller: Superadmin) -> Response:
        """The record of a service account."""
        found = await needs.authority.record_of_user(user_id)
        if found is None or not found.service_account:
            raise _unknown()
        return Response(found.to_bytes(), media_type="application/json")


def _unknown() -> CaveError:
    return CaveError(404, "not_found", "There is no such service account.")
