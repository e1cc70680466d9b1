"""Users, people and service accounts: which there are, and all that one of them has."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import Response

from karst_auth.admin.area import Area
from karst_auth.admin.areas.service_accounts import SERVICE_ACCOUNTS
from karst_auth.admin.desk import Desk, home_of
from karst_auth.admin.doing import Work, do, id_of, message_of
from karst_auth.admin.finding import find_groups, wanted
from karst_auth.admin.simple import change_page, list_page
from karst_auth.admin.user_view import MOST, view_user
from karst_auth.api.needs import Id, Superadmin
from karst_auth.changes import groups, institutions, tokens, users
from karst_auth.changes.ledger import Changing
from karst_auth.known import Known
from karst_platform.cave.errors import CaveError
from karst_platform.pages import Confirmation, Form, Posted


@dataclass(frozen=True)
class _Users:
    """Pages of one kind of users."""

    desk: Desk
    area: Area

    @property
    def are_programs(self) -> bool:
        """Whether they are service accounts."""
        return self.area is SERVICE_ACCOUNTS

    async def do(self, request: Request, caller: Known, user_id: int, work: Work) -> Response:
        """Change something of a user."""

        async def again(problem: str, status: int) -> Response:
            return await self.show(request, caller, user_id, problem=problem, status=status)

        return await do(self.desk, request, caller, work, back=self.area.link(user_id), again=again)

    async def show(
        self,
        request: Request,
        caller: Known,
        user_id: int,
        *,
        form: Form | None = None,
        seen: str = "",
        problem: str = "",
        key: str = "",
        status: int = 200,
    ) -> Response:
        """The page of a user; `key` is a new one, which stands nowhere else."""
        async with self.desk.reading() as session:
            thing = await self.area.demand(session, user_id)
            if self.area.asking_again is None:
                raise CaveError(404, "not_found", "Nothing of it can be changed.")
            asking = await self.area.asking_again(session)
            values = {
                "area": self.area,
                "are_programs": self.are_programs,
                "thing": thing,
                "view": await view_user(session, user_id),
                "form": form or asking.empty(thing.values),
                "seen": seen or thing.seen,
                "problem": problem,
                "groups": await find_groups(session, wanted(request.query_params, "group")),
                "key": key,
                "most": MOST,
            }
        return self.desk.show(request, caller, "user.html.j2", values, status=status)


def user_routes(desk: Desk, area: Area) -> APIRouter:
    """All of them."""
    router = APIRouter(prefix=f"/admin/{area.path}", include_in_schema=False)
    kind = _Users(desk, area)
    _reads(router, kind)
    _switch(router, kind)
    _groups(router, kind)
    _tokens(router, kind)
    if kind.are_programs:
        _key(router, kind)
    return router


def _reads(router: APIRouter, kind: _Users) -> None:
    @router.get("")
    async def list_users(request: Request, caller: Superadmin) -> Response:
        return await list_page(kind.desk, request, caller, kind.area)

    @router.get("/{user_id:int}")
    async def one_user(request: Request, user_id: Id, caller: Superadmin) -> Response:
        return await kind.show(request, caller, user_id)

    @router.post("/{user_id:int}")
    async def change_user(request: Request, user_id: Id, caller: Superadmin, sent: Posted) -> Response:
        try:
            answer = await change_page(kind.desk, request, caller, kind.area, user_id, sent)
        except CaveError as error:
            if error.status_code != 403:
                raise
            return await kind.show(request, caller, user_id, problem=message_of(error), status=403)
        if isinstance(answer, Response):
            return answer
        form, seen, error = answer
        return await kind.show(request, caller, user_id, form=form, seen=seen, status=error.status_code)


def _switch(router: APIRouter, kind: _Users) -> None:
    @router.get("/{user_id:int}/disable")
    async def ask(request: Request, user_id: Id, caller: Superadmin) -> Response:
        async with kind.desk.reading() as session:
            thing = await kind.area.demand(session, user_id)
        address = f"{home_of(request)}/{kind.area.link(user_id)}"
        question = Confirmation(
            title=f"Disable {thing.name}?",
            message="Their sign-ins end at once, and no token of theirs works until they are enabled again.",
            button="Disable",
            action=f"{address}/disable",
            back=address,
            is_danger=True,
        )
        return kind.desk.pages.confirm(request, question, person=caller)

    def add(path: str, *, is_active: bool) -> None:
        @router.post(f"/{{user_id:int}}/{path}", name=path)
        async def switch(request: Request, user_id: Id, caller: Superadmin, _sent: Posted) -> Response:
            async def work(change: Changing) -> str:
                told = {"active": is_active}
                await users.update(change, user_id=user_id, values=told, is_service_account=kind.are_programs)
                return "enabled" if is_active else "disabled"

            return await kind.do(request, caller, user_id, work)

    add("disable", is_active=False)
    add("enable", is_active=True)


def _groups(router: APIRouter, kind: _Users) -> None:
    @router.post("/{user_id:int}/groups")
    async def join_group(request: Request, user_id: Id, caller: Superadmin, sent: Posted) -> Response:
        async def work(change: Changing) -> str:
            await groups.add_member(
                change,
                group_id=id_of(sent.text("group_id"), "group_id"),
                user_id=user_id,
                service_accounts=kind.are_programs,
            )
            return "added"

        return await kind.do(request, caller, user_id, work)

    @router.post("/{user_id:int}/groups/{group_id:int}/remove")
    async def leave_group(request: Request, user_id: Id, group_id: Id, caller: Superadmin, _sent: Posted) -> Response:
        async def work(change: Changing) -> str:
            await groups.remove_member(change, group_id=group_id, user_id=user_id, may_remove_admins=True)
            return "removed"

        return await kind.do(request, caller, user_id, work)

    @router.post("/{user_id:int}/institutions/{affiliation_id:int}/remove")
    async def leave_institution(
        request: Request, user_id: Id, affiliation_id: Id, caller: Superadmin, _sent: Posted
    ) -> Response:
        async def work(change: Changing) -> str:
            await institutions.leave(change, affiliation_id=affiliation_id, user_id=user_id)
            return "removed"

        return await kind.do(request, caller, user_id, work)


def _tokens(router: APIRouter, kind: _Users) -> None:
    @router.post("/{user_id:int}/keys/{key_id:int}/revoke")
    async def revoke_key(request: Request, user_id: Id, key_id: Id, caller: Superadmin, _sent: Posted) -> Response:
        async def work(change: Changing) -> str:
            await tokens.revoke_key(change, user_id, key_id)
            return "revoked"

        return await kind.do(request, caller, user_id, work)

    @router.post("/{user_id:int}/sessions/{session_id:int}/end")
    async def end_session(request: Request, user_id: Id, session_id: Id, caller: Superadmin, _sent: Posted) -> Response:
        async def work(change: Changing) -> str:
            await tokens.sign_out(change, user_id, session_id)
            return "ended"

        return await kind.do(request, caller, user_id, work)

    @router.post("/{user_id:int}/sessions/end")
    async def end_sessions(request: Request, user_id: Id, caller: Superadmin, _sent: Posted) -> Response:
        async def work(change: Changing) -> str:
            await users.locked(change, user_id, is_service_account=kind.are_programs)
            await tokens.sign_out_everywhere(change, user_id)
            return "ended"

        return await kind.do(request, caller, user_id, work)


def _key(router: APIRouter, kind: _Users) -> None:
    @router.post("/{user_id:int}/key")
    async def make_key(request: Request, user_id: Id, caller: Superadmin, _sent: Posted) -> Response:
        """Make a key in place of the old one. It stands in this answer only, which no cache keeps."""
        async with kind.desk.changing(request, caller) as change:
            user = await users.locked(change, user_id, is_service_account=True)
            await tokens.revoke_keys(change, user_id)
            is_revealed = kind.desk.needs.is_revealed
            key = await tokens.create_key(change, user_id, description=user.name, is_revealed=is_revealed)
        return await kind.show(request, caller, user_id, key=key)
