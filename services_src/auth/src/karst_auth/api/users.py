"""People."""

from __future__ import annotations

import math
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from karst_auth import people
from karst_auth.api.needs import (
    SUCCESS,
    Anyone,
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
)
from karst_auth.changes import tokens, users
from karst_auth.changes.values import identifier, invalid
from karst_auth.model import CustomName, LoginToken, Tos, TosAcceptance, User
from karst_auth.records import shown_name
from karst_auth.tokens import sign_ins_of, utc_now
from karst_platform.cave.errors import CaveError

_LARGEST_PAGE = 100
_MOST_FOUND = 1000
"""Users that one search lists; whoever looks for more names a page."""
Whole = Annotated[str | None, Query()]


def routes(needs: Needs) -> APIRouter:
    """All of them."""
    router = APIRouter(tags=["Users"])
    _lists(router, needs)
    _one(router, needs)
    _details(router, needs)
    _sessions(router, needs)
    return router


def _lists(router: APIRouter, needs: Needs) -> None:
    @router.get("/user")
    async def list_users(request: Request, caller: SomeRole) -> Response:
        """Find users by the first of `id`, `email`, `name`, `from` and `to`; without any of them, page by page."""
        asked = request.query_params
        query = _search(asked.get, may_see_emails=caller.reads_details)
        async with needs.database.begin() as session:
            if query is None:
                return json_answer(await _page(session, asked.get("page"), asked.get("per_page")))
            rows = (await session.execute(query.order_by(User.id).limit(_MOST_FOUND))).all()
            return json_answer(await people.tell(session, rows, is_detailed=caller.reads_details))

    @router.post("/user")
    async def create_user(request: Request, caller: Superadmin, body: Body) -> Response:
        """Make a person, who joins the group `default`."""
        async with changing(needs, request, caller) as change:
            user_id = await users.create(
                change, name=body.get("name"), address=body.get("email"), pi=body.get("pi", "")
            )
            told = await people.one(change.session, user_id, is_detailed=True)
        return json_answer(told)

    @router.get("/username")
    async def names(_caller: Anyone, id: str = "") -> Response:
        """The names by which others see these users; unknown ids are left out."""
        wanted = ids_of(id)
        query = select(User.id, shown_name()).outerjoin(CustomName, CustomName.user_id == User.id)
        async with needs.database.begin() as session:
            rows = (await session.execute(query.where(User.id.in_(wanted)))).all()
        found = {row[0]: row[1] for row in rows}
        return json_answer([{"id": each, "name": found[each]} for each in wanted if each in found])


def _one(router: APIRouter, needs: Needs) -> None:
    @router.get("/user/{user_id:int}")
    async def one_user(user_id: Id, caller: Anyone) -> Response:
        """Tell of one person."""
        async with needs.database.begin() as session:
            told = await people.one(session, user_id, is_detailed=caller.reads_details, kind=False)
        if told is None:
            raise CaveError(404, "not_found", "There is no such user.")
        return json_answer(told)

    @router.put("/user/{user_id:int}")
    async def update_user(request: Request, user_id: Id, caller: Superadmin, body: Body) -> Response:
        """Change a person: active, admin, gdpr_consent, name, pi, read_only."""
        async with changing(needs, request, caller) as change:
            await users.update(change, user_id=user_id, values=body, is_service_account=False)
        return json_answer(SUCCESS)

    @router.delete("/user/{user_id:int}")
    async def remove_user(request: Request, user_id: Id, caller: Superadmin) -> Response:
        """Take a person away, with all that is theirs; an unknown id is no mistake."""
        async with changing(needs, request, caller) as change:
            await users.remove(change, user_id=user_id)
        return json_answer(SUCCESS)

    @get_and_post(router, "/user/{user_id:int}/update_cache")
    async def forget_record(request: Request, user_id: Id, caller: Superadmin) -> Response:
        """Have all services look this user up anew."""
        async with changing(needs, request, caller) as change:
            await _demand(change.session, user_id)
            change.concerns_users(user_id)
        return json_answer(SUCCESS)


def _details(router: APIRouter, needs: Needs) -> None:
    @router.get("/user/{user_id:int}/group")
    async def groups_of_user(user_id: Id, _caller: SomeRole) -> Response:
        """List the groups of a user."""
        async with needs.database.begin() as session:
            await _demand(session, user_id)
            return json_answer(await people.groups_of(session, user_id))

    @router.get("/user/{user_id:int}/tos")
    async def terms_of_user(user_id: Id, _caller: SomeRole) -> Response:
        """List the terms of service that a user accepted."""
        query = select(Tos.id, Tos.name).join(TosAcceptance, TosAcceptance.tos_id == Tos.id)
        async with needs.database.begin() as session:
            rows = (await session.execute(query.where(TosAcceptance.user_id == user_id).order_by(Tos.id))).all()
        return json_answer([{"id": id_, "name": name} for id_, name in rows])

    @router.get("/user/{user_id:int}/permissions")
    async def record_of_user(user_id: Id, _caller: SomeRole) -> Response:
        """The record of a user or a service account."""
        found = await needs.authority.record_of_user(user_id)
        if found is None:
            raise CaveError(404, "not_found", "There is no such user.")
        return Response(found.to_bytes(), media_type="application/json")


def _sessions(router: APIRouter, needs: Needs) -> None:
    @router.get("/user/{user_id:int}/sessions")
    async def sessions_of_user(user_id: Id, _caller: Superadmin) -> Response:
        """List where a user is signed in; tokens are masked."""
        async with needs.database.begin() as session:
            await _demand(session, user_id)
            rows = (await session.scalars(sign_ins_of(user_id).order_by(LoginToken.id))).all()
        return json_answer([_session(row) for row in rows])

    @router.delete("/user/{user_id:int}/sessions/{session_id:int}")
    async def end_session(request: Request, user_id: Id, session_id: Id, caller: Superadmin) -> Response:
        """Sign a user out of one place."""
        async with changing(needs, request, caller) as change:
            await tokens.sign_out(change, user_id, session_id)
        return json_answer(SUCCESS)

    @router.delete("/user/{user_id:int}/sessions")
    async def end_sessions(request: Request, user_id: Id, caller: Superadmin) -> Response:
        """Sign a user out everywhere."""
        async with changing(needs, request, caller) as change:
            await _demand(change.session, user_id)
            await tokens.sign_out_everywhere(change, user_id)
        return json_answer(SUCCESS)


async def _demand(session: AsyncSession, user_id: int) -> None:
    if await session.scalar(select(User.id).where(User.id == user_id)) is None:
        raise CaveError(404, "not_found", "There is no such user.")


def _search(asked: Any, *, may_see_emails: bool) -> Select[User, str] | None:  # noqa: ANN401
    """What the first parameter asks for. Without seeing addresses one may still look for one's own colleague's."""
    query = people.people()
    if (listed := asked("id")) is not None:
        return query.where(User.id.in_(ids_of(listed)))
    if (address := asked("email")) is not None:
        wanted = plain(address, "email")
        # Who may not see addresses doesn't learn them by guessing parts.
        matches = people.like(User.email, wanted) if may_see_emails else func.lower(User.email) == wanted.lower()
        return query.where(matches)
    if (name := asked("name")) is not None:
        return query.where(people.like(shown_name(), plain(name, "name")))
    begin, end = asked("from"), asked("to")
    if begin is None and end is None:
        return None
    return query.where(people.created_between(_seconds(begin, "from"), _seconds(end, "to")))


async def _page(session: AsyncSession, page: str | None, per_page: str | None) -> dict[str, object]:
    number = identifier(_number(page, 1), "page")
    size = min(identifier(_number(per_page, 20), "per_page"), _LARGEST_PAGE)
    if number < 1 or size < 1:
        invalid("page and per_page begin with 1.")
    is_person = User.parent_id.is_(None)
    count = await session.scalar(select(func.count()).select_from(User).where(is_person)) or 0
    pages = math.ceil(count / size)
    if number > max(1, pages):
        raise CaveError(404, "not_found", f"The last page is {max(1, pages)}.")
    query = people.people().where(is_person).order_by(User.id).limit(size).offset((number - 1) * size)
    rows = (await session.execute(query)).all()
    return {"pages": pages, "items": await people.tell(session, rows, is_detailed=False)}


def _number(text: str | None, default: int) -> int:
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        invalid("page and per_page are numbers.")
    return int(text)


def _seconds(text: str | None, name: str) -> float | None:
    if text is None:
        return None
    try:
        seconds = float(text)
    except ValueError:
        invalid(f"{name} is a number of seconds since 1970.")
    if not 0 <= seconds <= 1e11:
        invalid(f"{name} is out of range.")
    return seconds


def _session(row: LoginToken) -> dict[str, object]:
    left = int((row.expires - utc_now()).total_seconds())
    return {
        "id": row.id,
        "token": row.token_hint,
        "created": people.http_date(row.created),
        "last_used": people.http_date(row.last_used),
        "ttl": max(0, left),
    }
