"""The addresses of the former administration, `/flask_admin/<model>/...`: bookmarks lead on to the pages of today.

Programs that fill in its forms go on doing so: fields have the names of columns, choices are told by ids, and whoever
succeeds is sent to the list.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import Response, StreamingResponse

from karst_auth.admin.area import Area
from karst_auth.admin.areas import AREAS
from karst_auth.admin.areas.service_accounts import SERVICE_ACCOUNTS
from karst_auth.admin.csv import csv_line
from karst_auth.admin.desk import Desk, home_of
from karst_auth.admin.forms import id_of
from karst_auth.admin.listing import Asked, page
from karst_auth.admin.simple import change_page, make_one, show_new
from karst_auth.api.needs import Superadmin
from karst_auth.changes.values import invalid
from karst_auth.known import Known
from karst_platform.cave.errors import CaveError
from karst_platform.pages import Form, Posted, see_other

_BATCH = 5000
_MOST_ROWS = 1000
MODELS: Mapping[str, Area] = {each.model: each for each in AREAS if each is not SERVICE_ACCOUNTS}


def former_routes(desk: Desk) -> APIRouter:
    """All of them."""
    router = APIRouter(prefix="/flask_admin", include_in_schema=False)
    _reads(router, desk)
    _writes(router, desk)
    return router


def _reads(router: APIRouter, desk: Desk) -> None:
    @router.get("")
    async def begin(request: Request, _caller: Superadmin) -> Response:
        return desk.go(request, "overview")

    @router.get("/{model}")
    async def listed(request: Request, model: str, _caller: Superadmin) -> Response:
        search = urlencode({"search": request.query_params.get("search", "")[:200]})
        return see_other(f"{home_of(request)}/{_area(model).path}?{search}")

    @router.get("/{model}/new")
    async def new(request: Request, model: str, _caller: Superadmin) -> Response:
        return desk.go(request, f"{_area(model).path}/new")

    @router.get("/{model}/edit")
    @router.get("/{model}/details")
    async def one(request: Request, model: str, _caller: Superadmin) -> Response:
        area = _area(model)
        return desk.go(request, area.link(id_of(request.query_params.get("id", ""), "id")))

    @router.get("/{model}/export/csv")
    async def exported(model: str, caller: Superadmin) -> Response:
        area = _area(model)
        headers = {"Content-Disposition": f'attachment; filename="{area.path}.csv"', "Cache-Control": "no-store"}
        return StreamingResponse(_lines(desk, area, caller), media_type="text/csv; charset=utf-8", headers=headers)


def _writes(router: APIRouter, desk: Desk) -> None:
    @router.post("/{model}/new")
    async def make(request: Request, model: str, caller: Superadmin, sent: Posted) -> Response:
        area = _area(model)
        made = await make_one(desk, request, caller, area, sent)
        if isinstance(made, int):
            return _listed(request, area)
        form, error = made
        return await show_new(desk, request, caller, area, form, error.status_code)

    @router.post("/{model}/edit")
    async def change(request: Request, model: str, caller: Superadmin, sent: Posted) -> Response:
        area, id_ = _area(model), id_of(request.query_params.get("id", ""), "id")
        answer = await change_page(desk, request, caller, area, id_, sent)
        if isinstance(answer, Response):
            return _listed(request, area)
        form, _seen, error = answer
        raise CaveError(error.status_code, "invalid_request", _told(form))

    @router.post("/{model}/delete")
    async def remove(request: Request, model: str, caller: Superadmin, sent: Posted) -> Response:
        area, id_ = _area(model), id_of(sent.text("id"), "id")
        async with desk.changing(request, caller) as change:
            await area.remove(change, id_)
        return _listed(request, area)

    @router.post("/{model}/action")
    async def remove_several(request: Request, model: str, caller: Superadmin, sent: Posted) -> Response:
        """Remove all that are named, or none of them."""
        area, ids = _area(model), [id_of(each, "rowid") for each in sent.all("rowid")]
        if sent.text("action") != "delete" or not 0 < len(ids) <= _MOST_ROWS:
            invalid(f"The one action is delete, of {_MOST_ROWS} rows at the most.")
        async with desk.changing(request, caller) as change:
            for id_ in sorted(set(ids)):
                await area.remove(change, id_)
        return _listed(request, area)


async def _lines(desk: Desk, area: Area, caller: Known) -> AsyncGenerator[str]:
    """The table, a part at a time, so that nobody's memory or time is filled by a long one."""
    yield csv_line(area.rows.headings)
    asked = Asked()
    while True:
        async with desk.reading() as session:
            rows = area.rows
            found = await page(
                session,
                rows.seen_by(caller),
                asked,
                key=rows.key,
                is_newest_first=rows.is_newest_first,
                size=_BATCH,
            )
        yield "".join(csv_line([cell.text for cell in area.rows.cells(row)]) for row in found.rows)
        if found.next is None:
            return
        asked = Asked(after=str(found.rows[-1][0]))


def _area(model: str) -> Area:
    if model not in MODELS:
        raise CaveError(404, "not_found", f"There is no such page. These are: {', '.join(sorted(MODELS))}.")
    return MODELS[model]


def _listed(request: Request, area: Area) -> Response:
    """What whoever succeeds is answered: 302 to the list, as programs know it."""
    answer = see_other(f"{str(request.scope.get('root_path', '')).rstrip('/')}/flask_admin/{area.model}/")
    answer.status_code = 302
    return answer


def _told(form: Form) -> str:
    return " ".join(form.errors.values())
