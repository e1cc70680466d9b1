"""Pages for people: the datastacks that they may see, and each with its links."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from karst_info import sources
from karst_info.catalogue import Stack
from karst_info.current import Current
from karst_info.settings import InfoSettings
from karst_info.viewer import links_of
from karst_info.visible import DATASTACK, datastacks_for, stack_of
from karst_platform.cave.guard.checks import signed_in
from karst_platform.cave.guard.record import UserRecord
from karst_platform.cave.guard.tables import require
from karst_platform.pages import Link, Pages, Site

SignedIn = Annotated[UserRecord, Depends(signed_in)]
Viewer = Annotated[UserRecord, Depends(require("view", namespace=DATASTACK, table="name"))]


def site_of(settings: InfoSettings) -> Site:
    """What stands on all pages."""
    return Site(
        package="karst_info",
        service="Datastacks",
        links=(Link("Datastacks", "/"), Link("API", "/api/doc")),
        login_url=f"https://{settings.sticky_auth_url}",
    )


def people(current: Current, pages: Pages, settings: InfoSettings) -> APIRouter:
    """Routes of the pages."""
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    async def index(request: Request, caller: SignedIn) -> Response:
        stacks = await datastacks_for(request, caller, current.get().datastacks.values())
        shown = sorted(stacks, key=lambda each: each.shown_name.lower())
        return pages.answer(request, "index.html.j2", {"datastacks": shown}, person=caller)

    @router.get("/datastack/{name}")
    async def datastack(request: Request, name: str, caller: Viewer) -> Response:
        stack = stack_of(current, name)
        values = {
            "stack": stack,
            "links": links_of(stack, settings.viewer, settings.global_address),
            "services": services_of(stack),
            "address": settings.global_address,
        }
        return pages.answer(request, "datastack.html.j2", values, person=caller)

    return router


def services_of(stack: Stack) -> list[Link]:
    """What other services tell of the datastack; its local ones only where their address is one."""
    server, name = stack.row.local_server.rstrip("/"), stack.name
    told = [Link("Types of annotations", "/schema/")]
    if sources.server(server) is not None:
        return told
    if stack.volume is not None:
        told.append(Link("Annotations", f"{server}/annotation/views/aligned_volume/{stack.volume.name}"))
    told.append(Link("Materialized tables", f"{server}/materialize/views/datastack/{name}"))
    told.append(Link("Dashboard", f"{server}/dash/datastack/{name}"))
    if stack.row.skeleton_source:
        told.append(Link("Guided tour", f"{server}/tourguide/app/datastack/{name}"))
    return told
