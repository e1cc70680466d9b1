"""Groups: which there are, who belongs to one and who runs it, and what its members may do."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import APIRouter, Request
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from karst_auth.admin.areas.groups import GROUPS
from karst_auth.admin.desk import Desk
from karst_auth.admin.finding import find_users, means, meant_users, wanted
from karst_auth.admin.forms import SEEN, id_of
from karst_auth.admin.listing import Query, asked_by, page
from karst_auth.admin.own_page import OwnPage
from karst_auth.admin.seen import demand_same
from karst_auth.admin.simple import list_page
from karst_auth.api.needs import GroupAdmin, Id, SomeRole, Superadmin
from karst_auth.changes import groups
from karst_auth.changes.ledger import Changing
from karst_auth.granted import by_thing, granted_to
from karst_auth.known import Known
from karst_auth.model import CustomName, Dataset, Membership, User
from karst_auth.records import shown_name
from karst_platform.cave.errors import CaveError
from karst_platform.pages import Posted

_MOST_GRANTS = 500


def group_routes(desk: Desk) -> APIRouter:
    """All of them."""
    router = APIRouter(prefix="/admin/groups", include_in_schema=False)
    page = OwnPage(desk=desk, area=GROUPS, template="group.html.j2", shown=_shown)

    @router.get("")
    async def list_groups(request: Request, caller: SomeRole) -> Response:
        return await list_page(desk, request, caller, GROUPS)

    @router.get("/{group_id:int}")
    async def one_group(request: Request, group_id: Id, caller: GroupAdmin) -> Response:
        return await page.show(request, caller, group_id)

    @router.post("/{group_id:int}")
    async def rename_group(request: Request, group_id: Id, caller: Superadmin, sent: Posted) -> Response:
        return await page.change(request, caller, group_id, sent)

    _members(router, page)
    return router


def _members(router: APIRouter, page: OwnPage) -> None:
    @router.post("/{group_id:int}/members")
    async def add_member(request: Request, group_id: Id, caller: GroupAdmin, sent: Posted) -> Response:
        async def work(change: Changing) -> None:
            await groups.add_member(change, group_id=group_id, user_id=id_of(sent.text("user_id"), "user_id"))

        return await page.do(request, caller, group_id, "added", work)

    @router.post("/{group_id:int}/members/{user_id:int}")
    async def set_admin(request: Request, group_id: Id, user_id: Id, caller: GroupAdmin, sent: Posted) -> Response:
        async def work(change: Changing) -> str:
            is_admin = sent.is_ticked("admin")
            if await _held(change, group_id, user_id, sent.text(SEEN)) is is_admin:
                return "nothing"
            await groups.set_admin(change, group_id=group_id, user_id=user_id, is_admin=is_admin)
            return "changed"

        return await page.do(request, caller, group_id, "changed", work)

    @router.post("/{group_id:int}/members/{user_id:int}/remove")
    async def remove_member(request: Request, group_id: Id, user_id: Id, caller: GroupAdmin, sent: Posted) -> Response:
        async def work(change: Changing) -> None:
            await _held(change, group_id, user_id, sent.text(SEEN))
            await groups.remove_member(change, group_id=group_id, user_id=user_id, may_remove_admins=caller.admin)

        return await page.do(request, caller, group_id, "removed", work)


async def _held(change: Changing, group_id: int, user_id: int, told: str) -> bool:
    """Whether a member runs the group, which nobody changes until the change is made.

    Raises CaveError: 404 for whoever is no member, and 409 where somebody changed it meanwhile.
    """
    query = select(Membership.admin).where(Membership.group_id == group_id, Membership.user_id == user_id)
    is_admin = await change.session.scalar(query.with_for_update())
    if is_admin is None:
        raise CaveError(404, "not_found", "They are no member any more: somebody removed them meanwhile.")
    await demand_same(change.session, _role(is_admin), told, f"group/{group_id}")
    return is_admin


def _role(is_admin: bool) -> str:  # noqa: FBT001 - what a row says
    return "admin" if is_admin else "member"


async def _shown(session: AsyncSession, request: Request, caller: Known, group_id: int) -> Mapping[str, object]:
    asked = asked_by(request.query_params)
    listed = await _listed(session, group_id, asked.find, caller)
    people = await find_users(session, wanted(request.query_params, "person"), caller)
    return {
        "members": await page(session, listed, asked, key=Membership.user_id),
        "role": _role,
        "people": people,
        "already": await _among(session, group_id, [row[0] for row in people.rows or ()]),
        "granted": by_thing(await session.execute(granted_to(group_id, Dataset.name).limit(_MOST_GRANTS))),
        "most": _MOST_GRANTS,
    }


async def _listed(session: AsyncSession, group_id: int, search: str, caller: Known) -> Query:
    query = (
        select(Membership.user_id, shown_name(), User.email, User.parent_id, Membership.admin, User.active)
        .join(User, User.id == Membership.user_id)
        .outerjoin(CustomName, CustomName.user_id == User.id)
        .where(Membership.group_id == group_id)
    )
    if not search:
        return query
    # Few users are looked up among the members; of many, the page is soon full.
    meant = await meant_users(session, search, caller)
    return query.where(means(search, caller) if meant is None else Membership.user_id.in_(meant))


async def _among(session: AsyncSession, group_id: int, user_ids: list[int]) -> frozenset[int]:
    query = select(Membership.user_id).where(Membership.group_id == group_id, Membership.user_id.in_(user_ids))
    return frozenset((await session.scalars(query)).all())
