"""Where the administration begins; where links of the former one lead, which name a page behind `#`."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import datetime, timedelta

from fastapi import APIRouter, Request
from sqlalchemy import func, select
from starlette.responses import Response, StreamingResponse

from karst_auth.admin.csv import csv_line
from karst_auth.admin.desk import Desk, home_of
from karst_auth.api.needs import Id, SomeRole, Superadmin
from karst_auth.changes.values import invalid
from karst_auth.model import CustomName, User
from karst_auth.records import shown_name
from karst_auth.tokens import utc_now
from karst_platform.cave.errors import CaveError
from karst_platform.permissions import PUBLIC

_BATCH = 2000
_MONTHS = 24


def overview_routes(desk: Desk) -> APIRouter:
    """All of them."""
    router = APIRouter(prefix="/admin", include_in_schema=False)
    _begin(router, desk)
    _people_by_date(router, desk)
    return router


def _begin(router: APIRouter, desk: Desk) -> None:
    @router.get("", dependencies=[PUBLIC])
    @router.get("/index.html", dependencies=[PUBLIC])
    async def begin(request: Request) -> Response:
        """Lead to the overview; a script leads links such as `#/group/3` to their pages: servers don't see them."""
        return desk.pages.answer(request, "admin/begin.html.j2", {"home": home_of(request)})

    @router.get("/overview")
    async def overview(request: Request, caller: SomeRole) -> Response:
        return desk.show(request, caller, "overview.html.j2", {})

    @router.get("/any_user/{user_id:int}")
    async def any_user(request: Request, user_id: Id, _caller: Superadmin) -> Response:
        """Go to the page of a user, whether a person or a service account."""
        async with desk.reading() as session:
            row = (await session.execute(select(User.parent_id).where(User.id == user_id))).one_or_none()
        if row is None:
            raise CaveError(404, "not_found", "There is no such user. Somebody may have removed them.")
        return desk.go(request, f"{'users' if row[0] is None else 'service_accounts'}/{user_id}")


def _people_by_date(router: APIRouter, desk: Desk) -> None:
    @router.get("/stats")
    async def by_month(request: Request, caller: Superadmin) -> Response:
        """How many people joined in each month."""
        month = func.date_trunc("month", User.created)
        since = utc_now() - timedelta(days=31 * _MONTHS)
        query = (
            select(month, func.count())
            .where(User.parent_id.is_(None), User.created >= since)
            .group_by(month)
            .order_by(month.desc())
        )
        async with desk.reading() as session:
            months = [(begin.strftime("%Y-%m"), count) for begin, count in await session.execute(query)]
        return desk.show(request, caller, "stats.html.j2", {"months": months})

    @router.get("/stats/people.csv")
    async def people_csv(request: Request, _caller: Superadmin) -> Response:
        """People who joined between two days, as a table."""
        begin, end = (_day(request.query_params.get(name, ""), name) for name in ("from", "until"))
        if begin is not None and end is not None and end < begin:
            invalid("until is before from.")
        name = "people.csv"
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
        return StreamingResponse(_lines(desk, begin, end), media_type="text/csv; charset=utf-8", headers=headers)


async def _lines(desk: Desk, begin: datetime | None, end: datetime | None) -> AsyncGenerator[str]:
    yield csv_line(["id", "name", "email", "pi", "created", "active"])
    last = 0
    while True:
        query = (
            select(User, shown_name())
            .outerjoin(CustomName, CustomName.user_id == User.id)
            .where(User.parent_id.is_(None), User.id > last)
        )
        if begin is not None:
            query = query.where(User.created >= begin)
        if end is not None:
            query = query.where(User.created < end + timedelta(days=1))
        async with desk.reading() as session:
            rows = (await session.execute(query.order_by(User.id).limit(_BATCH))).all()
        yield "".join(
            csv_line([user.id, name, user.email, user.pi, user.created.isoformat(" ", "seconds"), user.active])
            for user, name in rows
        )
        if len(rows) < _BATCH:
            return
        last = rows[-1][0].id


def _day(text: str, name: str) -> datetime | None:
    if not text:
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d")  # noqa: DTZ007 - as the tables keep them
    except ValueError:
        invalid(f"{name} is a day: write it as 2026-01-02.")
