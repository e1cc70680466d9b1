"""The caller's own roles, which pages read to know what to offer."""

from __future__ import annotations

from fastapi import APIRouter

from karst_clio.identity.guard import Anyone
from karst_clio.identity.user import EXAMPLE as USER_EXAMPLE
from karst_clio.identity.user import User
from karst_clio.needs import Needs
from karst_clio.web.operations import answers
from karst_clio.web.routes import Routes


def router(needs: Needs) -> APIRouter:
    """Routes of `roles`."""
    del needs
    routes = Routes(tags=["Users"])

    @routes.get("/roles", responses=answers(USER_EXAMPLE))
    async def roles(caller: Anyone) -> User:
        """Show the caller's user with its roles; a user that the store doesn't know has none."""
        return caller.user

    return routes
