"""The audit log: who changed what, newest first, filtered by what was changed, by whom, and how."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from karst_auth.admin.desk import Desk
from karst_auth.admin.finding import wanted
from karst_auth.api.needs import Superadmin
from karst_auth.changes.values import LARGEST_ID, LARGEST_ROOT, invalid
from karst_auth.model import AuditEntry

_PAGE = 50
_STRIDE = 200_000
"""Entries that one page looks through at the most; where it finds too few, it offers to look further back."""
_FILTERS = ("subject", "actor", "action")
_PAGES_OF: Mapping[str, str] = {
    "affiliation": "affiliations",
    "app": "apps",
    "dataset": "datasets",
    "group": "groups",
    "permission": "permissions",
    "tos": "terms",
}


@dataclass(frozen=True, kw_only=True)
class Entry:
    """An entry as its page shows it."""

    row: AuditEntry
    changed: Sequence[tuple[str, str, str]]
    """What, from what, to what."""
    href: str = ""
    """Where what was changed has its page, below `/admin`."""


def audit_routes(desk: Desk) -> APIRouter:
    """The page."""
    router = APIRouter(prefix="/admin/audit", include_in_schema=False)

    @router.get("")
    async def entries(request: Request, caller: Superadmin) -> Response:
        told = {name: wanted(request.query_params, name) for name in _FILTERS}
        before_id = _before(request.query_params.get("before", ""))
        async with desk.reading() as session:
            rows, further = await _read(session, told, before_id)
        values = {
            "entries": [_entry(row) for row in rows],
            "told": told,
            "older": "?" + urlencode({**_given(told), "before": further}) if further else "",
            "newest": "?" + urlencode(_given(told)) if before_id is not None else "",
            "is_full": len(rows) == _PAGE,
        }
        return desk.show(request, caller, "audit.html.j2", values)

    return router


async def _read(
    session: AsyncSession, told: Mapping[str, str], before_id: int | None
) -> tuple[Sequence[AuditEntry], int | None]:
    """Entries, and before which one older ones can be; None where there are none."""
    top = before_id if before_id is not None else (await session.scalar(select(func.max(AuditEntry.id))) or 0) + 1
    bottom = max(0, top - _STRIDE)
    query = _filtered(told).where(AuditEntry.id < top, AuditEntry.id >= bottom)
    rows = (await session.scalars(query.order_by(AuditEntry.id.desc()).limit(_PAGE))).all()
    if len(rows) == _PAGE:
        return rows, rows[-1].id
    return rows, bottom if bottom > 0 else None


def _filtered(told: Mapping[str, str]) -> Select[AuditEntry]:
    query, subject, actor, action = select(AuditEntry), told["subject"], told["actor"], told["action"]
    if subject:
        query = query.where(AuditEntry.subject == subject)
    if actor.isascii() and actor.isdigit():
        query = query.where(AuditEntry.actor_id == min(int(actor[:18]), LARGEST_ID))
    elif actor:
        query = query.where(func.lower(AuditEntry.actor) == actor.lower())
    if action:
        query = query.where(AuditEntry.action.startswith(action, autoescape=True))
    return query


def _entry(row: AuditEntry) -> Entry:
    before, after = _parts(row.before), _parts(row.after)
    names = dict.fromkeys([*before, *after])
    changed = [(name, before.get(name, ""), after.get(name, "")) for name in names]
    kind, _, id_ = row.subject.partition("/")
    is_there = kind in _PAGES_OF and id_.isdigit()
    return Entry(row=row, changed=changed, href=f"{_PAGES_OF[kind]}/{id_}" if is_there else _user(kind, id_))


def _user(kind: str, id_: str) -> str:
    return f"any_user/{id_}" if kind == "user" and id_.isdigit() else ""


def _parts(value: Any | None) -> dict[str, str]:  # noqa: ANN401 - JSON
    if not isinstance(value, dict):
        return {} if value is None else {"": _short(value)}
    return {name: _short(part) for name, part in cast("dict[str, object]", value).items()}


def _short(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 300 else text[:300] + "..."


def _given(told: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in told.items() if value}


def _before(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 19 and int(text) <= LARGEST_ROOT):
        invalid("There is no such page.")
    return int(text)
