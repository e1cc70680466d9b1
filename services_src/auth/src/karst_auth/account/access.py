"""Datasets that somebody may see, terms that keep some from it, and a way to ask for others.

Nobody is told which datasets there are: whoever asks for one by name hears the same whether it exists or not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi import APIRouter, Request
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from karst_auth.api.needs import Anyone, changing
from karst_auth.changes.ledger import Changing
from karst_auth.changes.values import text
from karst_auth.known import Known
from karst_auth.login.sign_in import SignIn
from karst_auth.model import AuditEntry, Dataset
from karst_auth.tokens import utc_now
from karst_platform.cave.errors import CaveError
from karst_platform.pages import Field, Form, Posted, empty_form, filled_form, root_of, see_other

_FIELDS = (
    Field(name="dataset", label="Name of the dataset", is_required=True, longest=120),
    Field(name="reason", label="What you want to do with it", is_required=True, longest=500),
)
_ASK = "access.ask"
_SHOWN_FOR, _AGAIN_AFTER = timedelta(days=30), timedelta(days=1)
_MOST = 200


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Somebody asks for a dataset."""

    dataset: str
    who: str
    reason: str
    at: datetime


def routes(sign_in: SignIn) -> APIRouter:
    """All of them."""
    router = APIRouter(include_in_schema=False)
    needs = sign_in.needs

    async def page(request: Request, caller: Known, form: Form, status: int = 200) -> Response:
        async with needs.database.begin() as session:
            asked = await _asked(session, caller)
        values: Mapping[str, object] = {
            "asked": asked,
            "form": form,
            "granted": sorted(caller.permissions.items()),
            "is_sent": request.query_params.get("sent") == "true",
            "missing": caller.missing_tos,
            "runs_any": caller.admin or bool(caller.datasets_run),
        }
        return sign_in.pages.answer(request, "datasets.html.j2", values, person=caller, status=status)

    @router.get("/settings/datasets")
    async def datasets(request: Request, caller: Anyone) -> Response:
        return await page(request, caller, empty_form(_FIELDS))

    @router.post("/settings/datasets")
    async def ask(request: Request, caller: Anyone, sent: Posted) -> Response:
        form = filled_form(_FIELDS, sent)
        if form.errors:
            return await page(request, caller, form, 422)
        try:
            name, reason = text(sent.text("dataset"), "dataset", 120), text(sent.text("reason"), "reason", 500)
            async with changing(needs, request, caller) as change:
                await _ask(change, caller, name, reason)
        except CaveError as error:
            return await page(request, caller, form.refused(error), error.status_code)
        return see_other(f"{root_of(request)}/settings/datasets?sent=true")

    return router


async def _ask(change: Changing, caller: Known, name: str, reason: str) -> None:
    """Note in the audit log that somebody asks, at most once a day for each dataset."""
    dataset_id = await change.session.scalar(select(Dataset.id).where(Dataset.name == name))
    if dataset_id is None:
        return
    subject = f"dataset/{dataset_id}"
    earlier = select(func.count()).where(
        AuditEntry.subject == subject,
        AuditEntry.actor_id == caller.id,
        AuditEntry.action == _ASK,
        AuditEntry.at > utc_now() - _AGAIN_AFTER,
    )
    if not await change.session.scalar(earlier):
        change.note(_ASK, subject, after={"reason": reason})


async def _asked(session: AsyncSession, caller: Known) -> Sequence[Asked]:
    """Who asked lately for datasets that the caller runs."""
    runs = select(Dataset.id, Dataset.name)
    if not caller.admin:
        runs = runs.where(Dataset.id.in_(caller.datasets_run))
    names = {f"dataset/{id_}": name for id_, name in await session.execute(runs.order_by(Dataset.id))}
    query = (
        select(AuditEntry)
        .where(AuditEntry.subject.in_(names), AuditEntry.action == _ASK, AuditEntry.at > utc_now() - _SHOWN_FOR)
        .order_by(AuditEntry.id.desc())
        .limit(_MOST)
    )
    rows = (await session.scalars(query)).all() if names else ()
    return [
        Asked(dataset=names[row.subject], who=row.actor, reason=str((row.after or {}).get("reason", "")), at=row.at)
        for row in rows
    ]
