"""All pages of the administration."""

from __future__ import annotations

from fastapi import APIRouter

from karst_auth.admin.areas import AREAS
from karst_auth.admin.areas.people import PEOPLE
from karst_auth.admin.areas.service_accounts import SERVICE_ACCOUNTS
from karst_auth.admin.audit_pages import audit_routes
from karst_auth.admin.dataset_pages import dataset_routes
from karst_auth.admin.desk import Desk
from karst_auth.admin.former import former_routes
from karst_auth.admin.group_pages import group_routes
from karst_auth.admin.overview import overview_routes
from karst_auth.admin.simple import simple_routes
from karst_auth.admin.user_pages import user_routes
from karst_auth.api.needs import Needs
from karst_platform.pages import Pages


def administration(needs: Needs, pages: Pages) -> APIRouter:
    """Their routes: below `/admin`, and `/flask_admin` for what links of former years name."""
    desk = Desk(needs=needs, pages=pages)
    router = APIRouter()
    router.include_router(overview_routes(desk))
    for area in AREAS:
        router.include_router(simple_routes(desk, area))
    for users in (PEOPLE, SERVICE_ACCOUNTS):
        router.include_router(user_routes(desk, users))
    for each in (group_routes(desk), dataset_routes(desk), audit_routes(desk), former_routes(desk)):
        router.include_router(each)
    return router
