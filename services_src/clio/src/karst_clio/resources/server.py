"""The server itself: tokens that it makes, and caches that it is told to forget."""

from __future__ import annotations

import math

from fastapi import APIRouter, HTTPException

from karst_clio.identity.guard import Anyone
from karst_clio.needs import Needs
from karst_clio.web.operations import answers
from karst_clio.web.routes import Routes

REFRESH_EVERY_S = 10


def router(needs: Needs) -> APIRouter:
    """Routes of `server`."""
    routes = Routes(tags=["Server"])
    refreshed_s = -math.inf

    @routes.post("/server/token", responses=answers("eyJhbGciOi..."))
    async def token(caller: Anyone) -> object:
        """Make a token for the caller that lives for three weeks: a JWT, as a JSON string."""
        return await needs.identity.token_for(caller)

    # The second path is the one that neuclease asks for.
    @routes.post("/server/refresh-caches", responses={429: {}})
    @routes.post("/refresh-caches", include_in_schema=False)
    async def refresh_caches(caller: Anyone) -> None:
        """Read datasets, users and groups again, at most once in ten seconds."""
        nonlocal refreshed_s
        del caller
        now_s = needs.clock()
        if now_s < refreshed_s + REFRESH_EVERY_S:
            wait_s = math.ceil(refreshed_s + REFRESH_EVERY_S - now_s)
            raise HTTPException(
                429, f"This was done a moment ago. Try again in {wait_s} s.", {"Retry-After": str(wait_s)}
            )
        refreshed_s = now_s
        for forget in needs.forgetting:
            forget()

    return routes
