"""Groups, who belongs to them, and what they may do."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Request
from sqlalchemy import ColumnElement, Select, select
from starlette.responses import Response

from karst_auth import people
from karst_auth.api.needs import (
    SUCCESS,
    Body,
    GroupAdmin,
    Id,
    Needs,
    SomeRole,
    Superadmin,
    changing,
    json_answer,
    plain,
)
from karst_auth.changes import groups
from karst_auth.changes.rows import demand
from karst_auth.changes.values import flag, identifier
from karst_auth.granted import granted_to, told
from karst_auth.model import CustomName, Dataset, Group, Membership, User
from karst_auth.records import shown_name

_MOST_FOUND = 10_000
Kind = Literal["user", "service_account"]


def routes(needs: Needs) -> APIRouter:
    """All of them."""
    router = APIRouter(tags=["Groups"])
    _lists(router, needs)
    _reads(router, needs)
    _members(router, needs)
    return router


def _lists(router: APIRouter, needs: Needs) -> None:
    @router.get("/group")
    async def list_groups(_caller: SomeRole, name: str | None = None) -> Response:
        """List groups, or those that have this part in their name."""
        query = select(Group.id, Group.name).order_by(Group.id).limit(_MOST_FOUND)
        if name is not None:
            query = query.where(people.like(Group.name, plain(name, "name")))
        async with needs.database.begin() as session:
            rows = (await session.execute(query)).all()
        return json_answer([{"id": id_, "name": name} for id_, name in rows])

    @router.post("/group")
    async def create_group(request: Request, caller: Superadmin, body: Body) -> Response:
        """Make a group; the caller belongs to it and runs it, unless a declaration asks for it."""
        async with changing(needs, request, caller) as change:
            admin_id = caller.id if change.declaration is None else None
            await groups.create(change, name=body.get("name"), admin_id=admin_id)
        return json_answer(SUCCESS)

    @router.get("/group/{group_id:int}")
    async def one_group(group_id: Id, _caller: SomeRole) -> Response:
        """Tell of one group."""
        async with needs.database.begin() as session:
            group = await demand(session, Group, group_id, "There is no such group.")
        return json_answer({"id": group.id, "name": group.name})

    @router.delete("/group/{group_id:int}")
    async def remove_group(request: Request, group_id: Id, caller: Superadmin) -> Response:
        """Take a group away, with what its members may do by it."""
        async with changing(needs, request, caller) as change:
            await groups.remove(change, group_id=group_id)
        return json_answer(SUCCESS)


def _reads(router: APIRouter, needs: Needs) -> None:
    async def members(group_id: int, *conditions: ColumnElement[bool]) -> list[tuple[int, str, bool]]:
        async with needs.database.begin() as session:
            rows = (await session.execute(_members_of(group_id).where(*conditions))).all()
        return [(row[0], row[1], row[2]) for row in rows]

    @router.get("/group/{group_id:int}/user")
    async def users_of_group(group_id: Id, _caller: SomeRole) -> Response:
        """List the people of a group; none for a group that isn't there."""
        found = await members(group_id, User.parent_id.is_(None))
        return json_answer([{"id": id_, "name": name, "admin": is_admin} for id_, name, is_admin in found])

    @router.get("/group/{group_id:int}/service_account")
    async def service_accounts_of_group(group_id: Id, _caller: SomeRole) -> Response:
        """List the service accounts of a group."""
        found = await members(group_id, User.parent_id.is_not(None))
        return json_answer([{"id": id_, "name": name} for id_, name, _ in found])

    @router.get("/group/{group_id:int}/admin")
    async def admins_of_group(group_id: Id, _caller: SomeRole) -> Response:
        """List who runs a group."""
        found = await members(group_id, Membership.admin.is_(True))
        return json_answer([{"id": id_, "name": name} for id_, name, _ in found])

    @router.get("/group/{group_id:int}/dataset")
    async def datasets_of_group(group_id: Id, _caller: SomeRole) -> Response:
        """List what a group may do with which dataset."""
        async with needs.database.begin() as session:
            return json_answer(told(await session.execute(granted_to(group_id, Dataset.id))))


def _members(router: APIRouter, needs: Needs) -> None:
    def add(kind: Kind, field: str) -> None:
        @router.post(f"/group/{{group_id:int}}/{kind}", name=f"add_{kind}_to_group")
        async def add_member(request: Request, group_id: Id, caller: GroupAdmin, body: Body) -> Response:
            """Let somebody belong to the group."""
            async with changing(needs, request, caller) as change:
                await groups.add_member(
                    change,
                    group_id=group_id,
                    user_id=identifier(body.get(field), field),
                    service_accounts=kind == "service_account",
                )
            return json_answer(SUCCESS)

        @router.delete(f"/group/{{group_id:int}}/{kind}/{{user_id:int}}", name=f"remove_{kind}_from_group")
        async def remove_member(request: Request, group_id: Id, user_id: Id, caller: GroupAdmin) -> Response:
            """Let somebody no longer belong to the group; whoever runs it is removed by superadmins only."""
            async with changing(needs, request, caller) as change:
                await groups.remove_member(
                    change,
                    group_id=group_id,
                    user_id=user_id,
                    may_remove_admins=caller.admin,
                    service_accounts=kind == "service_account",
                )
            return json_answer(SUCCESS)

    add("user", "user_id")
    add("service_account", "sa_id")

    @router.put("/group/{group_id:int}/user/{user_id:int}")
    async def set_admin(request: Request, group_id: Id, user_id: Id, caller: GroupAdmin, body: Body) -> Response:
        """Let a member run the group, or no longer."""
        async with changing(needs, request, caller) as change:
            is_admin = flag(body.get("admin"), "admin")
            await groups.set_admin(change, group_id=group_id, user_id=user_id, is_admin=is_admin)
        return json_answer(SUCCESS)


def _members_of(group_id: int) -> Select[int, str, bool]:
    return (
        select(User.id, shown_name(), Membership.admin)
        .join(Membership, Membership.user_id == User.id)
        .outerjoin(CustomName, CustomName.user_id == User.id)
        .where(Membership.group_id == group_id)
        .order_by(User.id)
    )
