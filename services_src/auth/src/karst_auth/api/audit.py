"""The audit log: who changed what."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from sqlalchemy import select
from starlette.responses import Response

from karst_auth.api.needs import Needs, Superadmin, json_answer, plain
from karst_auth.changes.values import LARGEST_ID, LARGEST_ROOT
from karst_auth.model import AuditEntry
from karst_auth.people import http_date

Limit = Annotated[int, Query(ge=1, le=1000)]


def routes(needs: Needs) -> APIRouter:
    """All of them."""
    router = APIRouter(tags=["Audit"])

    @router.get("/audit")
    async def entries(
        _caller: Superadmin,
        subject: str | None = None,
        actor_id: Annotated[int | None, Query(ge=0, le=LARGEST_ID)] = None,
        before_id: Annotated[int | None, Query(ge=0, le=LARGEST_ROOT)] = None,
        limit: Limit = 100,
    ) -> Response:
        """List entries, newest first: of one subject such as `user/3`, or of one actor; `before_id` turns pages."""
        query = select(AuditEntry).order_by(AuditEntry.id.desc()).limit(limit)
        if subject is not None:
            query = query.where(AuditEntry.subject == plain(subject, "subject"))
        if actor_id is not None:
            query = query.where(AuditEntry.actor_id == actor_id)
        if before_id is not None:
            query = query.where(AuditEntry.id < before_id)
        async with needs.database.begin() as session:
            rows = (await session.scalars(query)).all()
        return json_answer([_told(row) for row in rows])

    return router


def _told(row: AuditEntry) -> dict[str, object]:
    return {
        "id": row.id,
        "at": http_date(row.at),
        "actor_id": row.actor_id,
        "actor": row.actor,
        "action": row.action,
        "subject": row.subject,
        "before": row.before,
        "after": row.after,
        "ip": row.ip,
    }
