"""Datasets: which there are, who manages one, what groups may do with it, and which tables belong to it."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import APIRouter, Request
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from karst_auth.admin.areas.datasets import DATASETS
from karst_auth.admin.areas.lists import permissions
from karst_auth.admin.desk import Desk
from karst_auth.admin.finding import find_groups, find_users, wanted
from karst_auth.admin.forms import Asking, id_of
from karst_auth.admin.own_page import OwnPage
from karst_auth.admin.simple import list_page
from karst_auth.api.needs import DatasetAdmin, Id, SomeRole, Superadmin
from karst_auth.changes import datasets
from karst_auth.changes.ledger import Changing
from karst_auth.changes.values import invalid
from karst_auth.granted import by_thing, granted_on, managers_of
from karst_auth.known import Known
from karst_auth.model import Group, ServiceTable
from karst_platform.pages import Posted

_MOST = 500
"""Admins, grants and tables that the page of a dataset lists."""


def dataset_routes(desk: Desk) -> APIRouter:
    """All of them."""
    router = APIRouter(prefix="/admin/datasets", include_in_schema=False)
    page = OwnPage(desk=desk, area=DATASETS, template="dataset.html.j2", shown=_shown, asked=_asked)

    @router.get("")
    async def list_datasets(request: Request, caller: SomeRole) -> Response:
        return await list_page(desk, request, caller, DATASETS)

    @router.get("/{dataset_id:int}")
    async def one_dataset(request: Request, dataset_id: Id, caller: DatasetAdmin) -> Response:
        return await page.show(request, caller, dataset_id)

    @router.post("/{dataset_id:int}")
    async def change_dataset(request: Request, dataset_id: Id, caller: DatasetAdmin, sent: Posted) -> Response:
        return await page.change(request, caller, dataset_id, sent)

    _admins(router, page)
    _grants(router, page)
    return router


def _admins(router: APIRouter, page: OwnPage) -> None:
    @router.post("/{dataset_id:int}/admins")
    async def add_admin(request: Request, dataset_id: Id, caller: DatasetAdmin, sent: Posted) -> Response:
        async def work(change: Changing) -> None:
            await datasets.add_admin(change, dataset_id=dataset_id, user_id=id_of(sent.text("user_id"), "user_id"))

        return await page.do(request, caller, dataset_id, "added", work)

    @router.post("/{dataset_id:int}/admins/{user_id:int}/remove")
    async def remove_admin(
        request: Request, dataset_id: Id, user_id: Id, caller: Superadmin, _sent: Posted
    ) -> Response:
        async def work(change: Changing) -> None:
            await datasets.remove_admin(change, dataset_id=dataset_id, user_id=user_id)

        return await page.do(request, caller, dataset_id, "removed", work)


def _grants(router: APIRouter, page: OwnPage) -> None:
    @router.post("/{dataset_id:int}/grants")
    async def grant(request: Request, dataset_id: Id, caller: DatasetAdmin, sent: Posted) -> Response:
        async def work(change: Changing) -> None:
            group_id = id_of(sent.text("group_id"), "group_id")
            wished = [id_of(each, "permission_ids") for each in sent.all("permission_ids")]
            if not wished:
                invalid("Tick what the group may do.")
            await datasets.grant(change, dataset_id=dataset_id, group_id=group_id, permission_ids=wished)

        return await page.do(request, caller, dataset_id, "granted", work)

    @router.post("/{dataset_id:int}/grants/{group_id:int}/{permission_id:int}/remove")
    async def revoke(
        request: Request, dataset_id: Id, group_id: Id, permission_id: Id, caller: DatasetAdmin, _sent: Posted
    ) -> Response:
        async def work(change: Changing) -> None:
            await datasets.revoke(change, dataset_id=dataset_id, group_id=group_id, permission_id=permission_id)

        return await page.do(request, caller, dataset_id, "revoked", work)


def _asked(asking: Asking, caller: Known) -> Asking:
    """Whoever manages a dataset changes its terms of service; superadmins change its name too."""
    return asking if caller.admin else asking.without("name")


async def _shown(session: AsyncSession, request: Request, caller: Known, dataset_id: int) -> Mapping[str, object]:
    parameters = request.query_params
    return {
        "admins": (await session.execute(managers_of(dataset_id).limit(_MOST))).all(),
        "people": await find_users(session, wanted(parameters, "person"), caller),
        "groups": await find_groups(session, wanted(parameters, "group")),
        "permissions": await permissions(session),
        "granted": by_thing(await session.execute(granted_on(dataset_id, Group.name).limit(_MOST))),
        "tables": await _tables(session, dataset_id),
        "runs_group": caller.runs_group,
        "most": _MOST,
    }


async def _tables(session: AsyncSession, dataset_id: int) -> list[ServiceTable]:
    query = select(ServiceTable).where(ServiceTable.dataset_id == dataset_id)
    query = query.order_by(ServiceTable.service_name, ServiceTable.table_name).limit(_MOST)
    return list((await session.scalars(query)).all())
