"""Reports of how pages fare on their users' machines: one for each user and day."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Body
from pydantic import BeforeValidator

from karst_clio.identity.guard import Anyone
from karst_clio.needs import Needs
from karst_clio.web.routes import Routes
from karst_platform.stores.documents import Write

ROOT = "clio_site_reports"


def _object_or_list(value: object) -> object:
    if not isinstance(value, dict | list):
        raise ValueError("a report is an object, or a list of reports")  # noqa: TRY004 - pydantic wants a ValueError
    return value


Report = Annotated[dict[str, Any] | list[Any], BeforeValidator(_object_or_list)]


def router(needs: Needs) -> APIRouter:
    """Routes of `site-reports`."""
    routes = Routes(tags=["Site reports"])

    @routes.post("/site-reports")
    async def report(sent: Annotated[Report, Body(examples=[{"browser": "Firefox 140"}])], caller: Anyone) -> None:
        """Keep a report, in place of an earlier one of the same day (UTC)."""
        day = datetime.fromtimestamp(needs.clock(), UTC).date()
        fields = {"reports": sent} if isinstance(sent, list) else sent
        await needs.documents.write(Write(path=(ROOT, f"{caller.email}-{day}"), fields=fields))

    return routes
