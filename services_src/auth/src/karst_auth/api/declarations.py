"""What was made because a deployment declares it: what `karst reconcile` may change and take away again."""

from __future__ import annotations

from fastapi import APIRouter
from sqlalchemy import select
from starlette.responses import Response

from karst_auth.api.needs import Needs, Superadmin, json_answer, plain
from karst_auth.model import Declaration


def routes(needs: Needs) -> APIRouter:
    """All of them."""
    router = APIRouter(tags=["Declarations"])

    @router.get("/declaration/{deployment}")
    async def declared_things(deployment: str, _caller: Superadmin) -> Response:
        """List what was made in the name of a deployment's declaration: `dataset/3`, `grant/3/7/1`."""
        query = select(Declaration.thing).where(Declaration.deployment == plain(deployment, "deployment"))
        async with needs.database.begin() as session:
            things = (await session.scalars(query.order_by(Declaration.thing))).all()
        return json_answer(list(things))

    return router
