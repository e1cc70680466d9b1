"""Terms of service, and which permissions there are."""

from __future__ import annotations

from fastapi import APIRouter, Request
from sqlalchemy import select
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
    json_answer,
    plain,
)
from karst_auth.changes import datasets, terms
from karst_auth.changes.rows import demand
from karst_auth.changes.values import only
from karst_auth.model import Permission, Tos


def routes(needs: Needs) -> APIRouter:
    """All of them."""
    router = APIRouter()
    _terms(router, needs)
    _permissions(router, needs)
    return router


def _terms(router: APIRouter, needs: Needs) -> None:
    @router.get("/tos", tags=["Terms of service"])
    async def list_terms(_caller: Anyone, name: str | None = None) -> Response:
        """List terms of service, or those that have this part in their name."""
        query = select(Tos).order_by(Tos.id)
        if name is not None:
            query = query.where(people.like(Tos.name, plain(name, "name")))
        async with needs.database.begin() as session:
            rows = (await session.scalars(query)).all()
        return json_answer([_told(row) for row in rows])

    @router.post("/tos", tags=["Terms of service"])
    async def create_terms(request: Request, caller: Superadmin, body: Body) -> Response:
        """Make terms of service; the text is Markdown."""
        async with changing(needs, request, caller) as change:
            told = _told(await terms.create(change, name=body.get("name"), markdown=body.get("text")))
        return json_answer(told)

    @router.get("/tos/{tos_id:int}", tags=["Terms of service"])
    async def one_terms(tos_id: Id, _caller: SomeRole) -> Response:
        """Tell of terms of service."""
        async with needs.database.begin() as session:
            row = await demand(session, Tos, tos_id, terms.MISSING)
        return json_answer(_told(row))

    @router.put("/tos/{tos_id:int}", tags=["Terms of service"])
    async def update_terms(request: Request, tos_id: Id, caller: Superadmin, body: Body) -> Response:
        """Change name or text; whoever accepted them has accepted them still."""
        async with changing(needs, request, caller) as change:
            await terms.update(change, tos_id=tos_id, values=body)
        return json_answer(SUCCESS)


def _permissions(router: APIRouter, needs: Needs) -> None:
    @router.get("/permission", tags=["Permissions"])
    async def list_permissions(_caller: Anyone, name: str | None = None) -> Response:
        """List permissions, or those that have this part in their name."""
        query = select(Permission.id, Permission.name).order_by(Permission.id)
        if name is not None:
            query = query.where(people.like(Permission.name, plain(name, "name")))
        async with needs.database.begin() as session:
            rows = (await session.execute(query)).all()
        return json_answer([{"id": id_, "name": name} for id_, name in rows])

    @router.post("/permission", tags=["Permissions"])
    async def create_permission(request: Request, caller: Superadmin, body: Body) -> Response:
        """Make a permission."""
        async with changing(needs, request, caller) as change:
            row = await datasets.create_permission(change, name=body.get("name"))
            told = {"id": row.id, "name": row.name}
        return json_answer(told)

    @router.get("/permission/{permission_id:int}", tags=["Permissions"])
    async def one_permission(permission_id: Id, _caller: SomeRole) -> Response:
        """Tell of one permission."""
        async with needs.database.begin() as session:
            row = await demand(session, Permission, permission_id, "There is no such permission.")
        return json_answer({"id": row.id, "name": row.name})

    @router.put("/permission/{permission_id:int}", tags=["Permissions"])
    async def rename_permission(request: Request, permission_id: Id, caller: Superadmin, body: Body) -> Response:
        """Give a permission another name."""
        name = only(body, frozenset({"name"}))["name"]
        async with changing(needs, request, caller) as change:
            await datasets.rename_permission(change, permission_id=permission_id, name=name)
        return json_answer(SUCCESS)


def _told(row: Tos) -> dict[str, object]:
    return {"id": row.id, "name": row.name, "text": row.text}
