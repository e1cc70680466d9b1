"""Datasets, who manages them, and what groups may do with them."""

from __future__ import annotations

from fastapi import APIRouter, Request
from sqlalchemy import select
from starlette.responses import Response

from karst_auth.api.needs import (
    SUCCESS,
    Anyone,
    Body,
    DatasetAdmin,
    Id,
    Needs,
    SomeRole,
    Superadmin,
    changing,
    json_answer,
)
from karst_auth.changes import datasets
from karst_auth.changes.rows import demand
from karst_auth.changes.values import identifier, needed
from karst_auth.granted import granted_on, managers_of, told
from karst_auth.model import Dataset, Group


def routes(needs: Needs) -> APIRouter:
    """All of them."""
    router = APIRouter(tags=["Datasets"])
    _datasets(router, needs)
    _admins(router, needs)
    _grants(router, needs)
    return router


def _datasets(router: APIRouter, needs: Needs) -> None:
    @router.get("/dataset")
    async def list_datasets(caller: Anyone) -> Response:
        """List the datasets that the caller manages; superadmins get all."""
        query = select(Dataset).order_by(Dataset.id)
        if not caller.admin:
            query = query.where(Dataset.id.in_(caller.datasets_run))
        async with needs.database.begin() as session:
            rows = (await session.scalars(query)).all()
        return json_answer([_told(row) for row in rows])

    @router.post("/dataset")
    async def create_dataset(request: Request, caller: Superadmin, body: Body) -> Response:
        """Make a dataset, with terms of service or null."""
        name, tos_id = needed(body, "name"), needed(body, "tos_id")
        async with changing(needs, request, caller) as change:
            made = _told(await datasets.create(change, name=name, tos_id=tos_id))
        return json_answer(made)

    @router.get("/dataset/{dataset_id:int}")
    async def one_dataset(dataset_id: Id, _caller: SomeRole) -> Response:
        """Tell of one dataset."""
        async with needs.database.begin() as session:
            row = await demand(session, Dataset, dataset_id, "There is no such dataset.")
        return json_answer(_told(row))

    @router.put("/dataset/{dataset_id:int}")
    async def update_dataset(request: Request, dataset_id: Id, caller: DatasetAdmin, body: Body) -> Response:
        """Change terms of service; superadmins change the name too."""
        async with changing(needs, request, caller) as change:
            await datasets.update(change, dataset_id=dataset_id, values=body, may_rename=caller.admin)
        return json_answer(SUCCESS)

    @router.delete("/dataset/{dataset_id:int}")
    async def remove_dataset(request: Request, dataset_id: Id, caller: Superadmin) -> Response:
        """Take a dataset away, with all grants on it; tables must belong to it no longer."""
        async with changing(needs, request, caller) as change:
            await datasets.remove(change, dataset_id=dataset_id)
        return json_answer(SUCCESS)


def _admins(router: APIRouter, needs: Needs) -> None:
    @router.get("/dataset/{dataset_id:int}/admin")
    async def admins_of_dataset(dataset_id: Id, _caller: DatasetAdmin) -> Response:
        """List who manages a dataset."""
        async with needs.database.begin() as session:
            rows = (await session.execute(managers_of(dataset_id))).all()
        return json_answer([{"id": id_, "name": name} for id_, name in rows])

    @router.post("/dataset/{dataset_id:int}/admin")
    async def add_admin(request: Request, dataset_id: Id, caller: DatasetAdmin, body: Body) -> Response:
        """Let somebody manage a dataset."""
        user_id = identifier(body.get("user_id"), "user_id")
        async with changing(needs, request, caller) as change:
            await datasets.add_admin(change, dataset_id=dataset_id, user_id=user_id)
        return json_answer(SUCCESS)

    @router.delete("/dataset/{dataset_id:int}/admin/{user_id:int}")
    async def remove_admin(request: Request, dataset_id: Id, user_id: Id, caller: Superadmin) -> Response:
        """Let somebody no longer manage a dataset."""
        async with changing(needs, request, caller) as change:
            await datasets.remove_admin(change, dataset_id=dataset_id, user_id=user_id)
        return json_answer(SUCCESS)


def _grants(router: APIRouter, needs: Needs) -> None:
    @router.get("/dataset/{dataset_id:int}/group")
    async def groups_of_dataset(dataset_id: Id, _caller: DatasetAdmin) -> Response:
        """List what which group may do with a dataset."""
        async with needs.database.begin() as session:
            return json_answer(told(await session.execute(granted_on(dataset_id, Group.id))))

    @router.post("/dataset/{dataset_id:int}/group")
    async def grant(request: Request, dataset_id: Id, caller: DatasetAdmin, body: Body) -> Response:
        """Let a group have permissions on a dataset."""
        async with changing(needs, request, caller) as change:
            await datasets.grant(
                change,
                dataset_id=dataset_id,
                group_id=body.get("group_id"),
                permission_ids=body.get("permission_ids"),
            )
        return json_answer(SUCCESS)

    @router.delete("/dataset/{dataset_id:int}/group/{group_id:int}/permission/{permission_id:int}")
    async def revoke(
        request: Request, dataset_id: Id, group_id: Id, permission_id: Id, caller: DatasetAdmin
    ) -> Response:
        """Take a permission on a dataset from a group."""
        async with changing(needs, request, caller) as change:
            await datasets.revoke(change, dataset_id=dataset_id, group_id=group_id, permission_id=permission_id)
        return json_answer(SUCCESS)


def _told(row: Dataset) -> dict[str, object]:
    return {"id": row.id, "name": row.name, "tos_id": row.tos_id}
