"""Addresses of the pages of administration, for superadmins."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from karst_info.admin import Administration
from karst_info.checking import KINDS, Kind
from karst_platform.cave.errors import CaveError
from karst_platform.cave.guard.checks import superadmin
from karst_platform.cave.guard.record import UserRecord
from karst_platform.pages import Posted


def _kind(kind: str) -> Kind:
    if kind not in KINDS:
        raise CaveError(HTTPStatus.NOT_FOUND, "not_found", "There is no such page. /admin lists what there is.")
    return KINDS[kind]


Superadmin = Annotated[UserRecord, Depends(superadmin)]
Named = Annotated[Kind, Depends(_kind)]
"""The kind that the path names; it stands after the caller, so that nobody else learns which there are."""


def administration(made: Administration) -> APIRouter:
    """All routes."""
    router = APIRouter(prefix="/admin", include_in_schema=False)
    _looking(router, made)
    _changing(router, made)
    return router


def _looking(router: APIRouter, made: Administration) -> None:
    @router.get("")
    async def start(request: Request, caller: Superadmin) -> Response:
        return await made.start(request, caller)

    @router.get("/{kind}")
    async def rows(request: Request, caller: Superadmin, kind: Named) -> Response:
        return await made.list(request, caller, kind)

    @router.get("/{kind}/new")
    async def blank(request: Request, caller: Superadmin, kind: Named) -> Response:
        return await made.form(request, caller, kind, None)

    @router.get("/{kind}/edit")
    async def edit(request: Request, caller: Superadmin, kind: Named) -> Response:
        return await made.edit(request, caller, kind)

    @router.get("/{kind}/details")
    async def details(request: Request, caller: Superadmin, kind: Named) -> Response:
        return await made.details(request, caller, kind)

    @router.get("/{kind}/delete")
    async def ask(request: Request, caller: Superadmin, kind: Named) -> Response:
        return await made.ask(request, caller, kind)

    @router.get("/{kind}/export/csv")
    async def export(_caller: Superadmin, kind: Named) -> Response:
        return await made.export(kind)


def _changing(router: APIRouter, made: Administration) -> None:
    @router.post("/{kind}/new")
    async def create(request: Request, caller: Superadmin, kind: Named, sent: Posted) -> Response:
        return await made.create(request, caller, kind, sent)

    @router.post("/{kind}/edit")
    async def update(request: Request, caller: Superadmin, kind: Named, sent: Posted) -> Response:
        return await made.update(request, caller, kind, sent)

    @router.post("/{kind}/delete")
    async def delete(request: Request, caller: Superadmin, kind: Named, sent: Posted) -> Response:
        return await made.delete(request, caller, kind, [sent.text("id")])

    @router.post("/{kind}/action")
    async def action(request: Request, caller: Superadmin, kind: Named, sent: Posted) -> Response:
        if sent.text("action") != "delete":
            raise CaveError(HTTPStatus.BAD_REQUEST, "bad_request", "The only action is delete.")
        return await made.delete(request, caller, kind, sent.all("rowid"))
