"""Users, people and service accounts: which there are, and all that one of them has."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import APIRouter, Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from karst_auth.admin.area import Area
from karst_auth.admin.areas.service_accounts import SERVICE_ACCOUNTS
from karst_auth.admin.desk import Desk, home_of
from karst_auth.admin.finding import find_groups, wanted
from karst_auth.admin.forms import id_of
from karst_auth.admin.own_page import OwnPage
from karst_auth.admin.simple import list_page
from karst_auth.admin.user_view import MOST, view_user
from karst_auth.api.needs import Id, Superadmin
from karst_auth.changes import groups, institutions, tokens, users
from karst_auth.changes.ledger import Changing
from karst_auth.known import Known
from karst_platform.pages import Confirmation, Posted


def user_routes(desk: Desk, area: Area) -> APIRouter:
    """All of them."""
    router = APIRouter(prefix=f"/admin/{area.path}", include_in_schema=False)
    are_programs = area is SERVICE_ACCOUNTS

    async def shown(session: AsyncSession, request: Request, _caller: Known, user_id: int) -> Mapping[str, object]:
        return {
            "are_programs": are_programs,
            "view": await view_user(session, user_id),
            "groups": await find_groups(session, wanted(request.query_params, "group")),
            "key": "",
            "most": MOST,
        }

    page = OwnPage(desk=desk, area=area, template="user.html.j2", shown=shown)

    @router.get("")
    async def list_users(request: Request, caller: Superadmin) -> Response:
        return await list_page(desk, request, caller, area)

    @router.get("/{user_id:int}")
    async def one_user(request: Request, user_id: Id, caller: Superadmin) -> Response:
        return await page.show(request, caller, user_id)

    @router.post("/{user_id:int}")
    async def change_user(request: Request, user_id: Id, caller: Superadmin, sent: Posted) -> Response:
        return await page.change(request, caller, user_id, sent)

    _switch(router, page, are_programs=are_programs)
    _belongings(router, page, are_programs=are_programs)
    _tokens(router, page, are_programs=are_programs)
    if are_programs:
        _key(router, page)
    return router


def _switch(router: APIRouter, page: OwnPage, *, are_programs: bool) -> None:
    @router.get("/{user_id:int}/disable")
    async def ask(request: Request, user_id: Id, caller: Superadmin) -> Response:
        async with page.desk.reading() as session:
            thing = await page.area.demand(session, user_id)
        address = f"{home_of(request)}/{page.area.link(user_id)}"
        question = Confirmation(
            title=f"Disable {thing.name}?",
            message="Their sign-ins end at once, and no token of theirs works until they are enabled again.",
            button="Disable",
            action=f"{address}/disable",
            back=address,
            is_danger=True,
        )
        return page.desk.pages.confirm(request, question, person=caller)

    def add(path: str, *, is_active: bool) -> None:
        @router.post(f"/{{user_id:int}}/{path}", name=path)
        async def switch(request: Request, user_id: Id, caller: Superadmin, _sent: Posted) -> Response:
            async def work(change: Changing) -> None:
                told = {"active": is_active}
                await users.update(change, user_id=user_id, values=told, is_service_account=are_programs)

            return await page.do(request, caller, user_id, f"{path}d", work)

    add("disable", is_active=False)
    add("enable", is_active=True)


def _belongings(router: APIRouter, page: OwnPage, *, are_programs: bool) -> None:
    @router.post("/{user_id:int}/groups")
    async def join_group(request: Request, user_id: Id, caller: Superadmin, sent: Posted) -> Response:
        async def work(change: Changing) -> None:
            await groups.add_member(
                change,
                group_id=id_of(sent.text("group_id"), "group_id"),
                user_id=user_id,
                service_accounts=are_programs,
            )

        return await page.do(request, caller, user_id, "added", work)

    @router.post("/{user_id:int}/groups/{group_id:int}/remove")
    async def leave_group(request: Request, user_id: Id, group_id: Id, caller: Superadmin, _sent: Posted) -> Response:
        async def work(change: Changing) -> None:
            await groups.remove_member(change, group_id=group_id, user_id=user_id, may_remove_admins=True)

        return await page.do(request, caller, user_id, "removed", work)

    @router.post("/{user_id:int}/institutions/{affiliation_id:int}/remove")
    async def leave_institution(
        request: Request, user_id: Id, affiliation_id: Id, caller: Superadmin, _sent: Posted
    ) -> Response:
        async def work(change: Changing) -> None:
            await institutions.leave(change, affiliation_id=affiliation_id, user_id=user_id)

        return await page.do(request, caller, user_id, "removed", work)


def _tokens(router: APIRouter, page: OwnPage, *, are_programs: bool) -> None:
    @router.post("/{user_id:int}/keys/{key_id:int}/revoke")
    async def revoke_key(request: Request, user_id: Id, key_id: Id, caller: Superadmin, _sent: Posted) -> Response:
        async def work(change: Changing) -> None:
            await tokens.revoke_key(change, user_id, key_id)

        return await page.do(request, caller, user_id, "revoked", work)

    @router.post("/{user_id:int}/sessions/{session_id:int}/end")
    async def end_session(request: Request, user_id: Id, session_id: Id, caller: Superadmin, _sent: Posted) -> Response:
        async def work(change: Changing) -> None:
            await tokens.sign_out(change, user_id, session_id)

        return await page.do(request, caller, user_id, "ended", work)

    @router.post("/{user_id:int}/sessions/end")
    async def end_sessions(request: Request, user_id: Id, caller: Superadmin, _sent: Posted) -> Response:
        async def work(change: Changing) -> None:
            await users.locked(change, user_id, is_service_account=are_programs)
            await tokens.sign_out_everywhere(change, user_id)

        return await page.do(request, caller, user_id, "ended", work)


def _key(router: APIRouter, page: OwnPage) -> None:
    @router.post("/{user_id:int}/key")
    async def make_key(request: Request, user_id: Id, caller: Superadmin, _sent: Posted) -> Response:
        """Make a key in place of the old one. It stands in this answer only, which no cache keeps."""
        async with page.desk.changing(request, caller) as change:
            user = await users.locked(change, user_id, is_service_account=True)
            await tokens.revoke_keys(change, user_id)
            is_revealed = page.desk.needs.is_revealed
            key = await tokens.create_key(change, user_id, description=user.name, is_revealed=is_revealed)
        return await page.show(request, caller, user_id, more={"key": key})
