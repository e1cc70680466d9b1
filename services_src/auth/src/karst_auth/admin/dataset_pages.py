"""Datasets: which there are, who manages one, what groups may do with it, and which tables belong to it."""

from __future__ import annotations

from fastapi import APIRouter, Request
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from karst_auth.admin.areas.datasets import DATASETS
from karst_auth.admin.areas.lists import permissions
from karst_auth.admin.desk import Desk
from karst_auth.admin.doing import Work, do, id_of
from karst_auth.admin.finding import find_groups, find_users, wanted
from karst_auth.admin.forms import SEEN, FormError
from karst_auth.admin.simple import change_page, list_page
from karst_auth.api.needs import DatasetAdmin, Id, SomeRole, Superadmin
from karst_auth.changes import datasets
from karst_auth.changes.ledger import Changing
from karst_auth.changes.values import invalid
from karst_auth.known import Known
from karst_auth.model import CustomName, Grant, Group, Permission, ServiceTable, User
from karst_auth.model import DatasetAdmin as DatasetAdminRow
from karst_auth.records import shown_name
from karst_platform.pages import Form, Posted, Sent

_MOST = 500
"""Admins, grants and tables that the page of a dataset lists."""


def dataset_routes(desk: Desk) -> APIRouter:
    """All of them."""
    router = APIRouter(prefix="/admin/datasets", include_in_schema=False)
    _reads(router, desk)
    _admins(router, desk)
    _grants(router, desk)
    return router


def _reads(router: APIRouter, desk: Desk) -> None:
    @router.get("")
    async def list_datasets(request: Request, caller: SomeRole) -> Response:
        return await list_page(desk, request, caller, DATASETS)

    @router.get("/{dataset_id:int}")
    async def one_dataset(request: Request, dataset_id: Id, caller: DatasetAdmin) -> Response:
        return await _show(desk, request, caller, dataset_id)

    @router.post("/{dataset_id:int}")
    async def change_dataset(request: Request, dataset_id: Id, caller: DatasetAdmin, sent: Posted) -> Response:
        """Change terms of service; superadmins change the name too."""
        if not caller.admin:
            return await _change_terms(desk, request, caller, dataset_id, sent)
        answer = await change_page(desk, request, caller, DATASETS, dataset_id, sent)
        if isinstance(answer, Response):
            return answer
        form, seen, error = answer
        return await _show(desk, request, caller, dataset_id, form=form, seen=seen, status=error.status_code)


def _admins(router: APIRouter, desk: Desk) -> None:
    @router.post("/{dataset_id:int}/admins")
    async def add_admin(request: Request, dataset_id: Id, caller: DatasetAdmin, sent: Posted) -> Response:
        async def work(change: Changing) -> str:
            user_id = id_of(sent.text("user_id"), "user_id")
            await datasets.add_admin(change, dataset_id=dataset_id, user_id=user_id)
            return "added"

        return await _do(desk, request, caller, dataset_id, work)

    @router.post("/{dataset_id:int}/admins/{user_id:int}/remove")
    async def remove_admin(
        request: Request, dataset_id: Id, user_id: Id, caller: Superadmin, _sent: Posted
    ) -> Response:
        async def work(change: Changing) -> str:
            await datasets.remove_admin(change, dataset_id=dataset_id, user_id=user_id)
            return "removed"

        return await _do(desk, request, caller, dataset_id, work)


def _grants(router: APIRouter, desk: Desk) -> None:
    @router.post("/{dataset_id:int}/grants")
    async def grant(request: Request, dataset_id: Id, caller: DatasetAdmin, sent: Posted) -> Response:
        async def work(change: Changing) -> str:
            group_id = id_of(sent.text("group_id"), "group_id")
            wished = [id_of(each, "permission_ids") for each in sent.all("permission_ids")]
            if not wished:
                invalid("Tick what the group may do.")
            await datasets.grant(change, dataset_id=dataset_id, group_id=group_id, permission_ids=wished)
            return "granted"

        return await _do(desk, request, caller, dataset_id, work)

    @router.post("/{dataset_id:int}/grants/{group_id:int}/{permission_id:int}/remove")
    async def revoke(
        request: Request, dataset_id: Id, group_id: Id, permission_id: Id, caller: DatasetAdmin, _sent: Posted
    ) -> Response:
        async def work(change: Changing) -> str:
            await datasets.revoke(change, dataset_id=dataset_id, group_id=group_id, permission_id=permission_id)
            return "revoked"

        return await _do(desk, request, caller, dataset_id, work)


async def _do(desk: Desk, request: Request, caller: Known, dataset_id: int, work: Work) -> Response:
    async def again(problem: str, status: int) -> Response:
        return await _show(desk, request, caller, dataset_id, problem=problem, status=status)

    return await do(desk, request, caller, work, back=DATASETS.link(dataset_id), again=again)


async def _change_terms(desk: Desk, request: Request, caller: Known, dataset_id: int, sent: Sent) -> Response:
    async with desk.reading() as session:
        asking = (await DATASETS.asking(session)).without("name")
    form = asking.filled(sent)

    async def again(problem: str, status: int) -> Response:
        return await _show(desk, request, caller, dataset_id, problem=problem, status=status)

    async def work(change: Changing) -> str:
        await DATASETS.held(change, dataset_id, sent.text(SEEN))
        told = {"tos_id": asking.values(form)["tos"]}
        await datasets.update(change, dataset_id=dataset_id, values=told, may_rename=False)
        return "changed"

    try:
        return await do(desk, request, caller, work, back=DATASETS.link(dataset_id), again=again)
    except FormError as error:
        return await _show(desk, request, caller, dataset_id, form=error.form, status=422)


async def _show(
    desk: Desk,
    request: Request,
    caller: Known,
    dataset_id: int,
    *,
    form: Form | None = None,
    seen: str = "",
    problem: str = "",
    status: int = 200,
) -> Response:
    parameters = request.query_params
    async with desk.reading() as session:
        thing = await DATASETS.demand(session, dataset_id)
        asking = await DATASETS.asking(session)
        if not caller.admin:
            asking = asking.without("name")
        values = {
            "area": DATASETS,
            "thing": thing,
            "form": form or asking.empty(thing.values),
            "seen": seen or thing.seen,
            "problem": problem,
            "admins": await _admins_of(session, dataset_id),
            "people": await find_users(session, wanted(parameters, "person"), caller),
            "groups": await find_groups(session, wanted(parameters, "group")),
            "permissions": await permissions(session),
            "granted": await _granted(session, dataset_id),
            "tables": await _tables(session, dataset_id),
            "runs_group": caller.runs_group,
            "most": _MOST,
        }
    return desk.show(request, caller, "dataset.html.j2", values, status=status)


async def _admins_of(session: AsyncSession, dataset_id: int) -> list[tuple[int, str]]:
    query = (
        select(User.id, shown_name())
        .join(DatasetAdminRow, DatasetAdminRow.user_id == User.id)
        .outerjoin(CustomName, CustomName.user_id == User.id)
        .where(DatasetAdminRow.dataset_id == dataset_id)
        .order_by(User.id)
        .limit(_MOST)
    )
    return [(row[0], row[1]) for row in await session.execute(query)]


async def _granted(session: AsyncSession, dataset_id: int) -> dict[tuple[int, str], list[tuple[int, str]]]:
    query = (
        select(Group.id, Group.name, Permission.id, Permission.name)
        .join(Grant, Grant.group_id == Group.id)
        .join(Permission, Permission.id == Grant.permission_id)
        .where(Grant.dataset_id == dataset_id)
        .order_by(Group.name, Permission.id)
        .limit(_MOST)
    )
    made: dict[tuple[int, str], list[tuple[int, str]]] = {}
    for id_, name, permission_id, permission in await session.execute(query):
        made.setdefault((id_, name), []).append((permission_id, permission))
    return made


async def _tables(session: AsyncSession, dataset_id: int) -> list[ServiceTable]:
    query = select(ServiceTable).where(ServiceTable.dataset_id == dataset_id)
    query = query.order_by(ServiceTable.service_name, ServiceTable.table_name).limit(_MOST)
    return list((await session.scalars(query)).all())
