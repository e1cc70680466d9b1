"""The pages that all kinds of things have: the list, forms to make and to change one, the question before it goes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import cast

from fastapi import APIRouter, Request
from starlette.responses import Response

from karst_auth.admin.area import Area, Thing
from karst_auth.admin.desk import Desk
from karst_auth.admin.forms import SEEN, Asking, FormError, Values, id_of, message_of
from karst_auth.admin.listing import asked_by, page
from karst_auth.admin.seen import CODE
from karst_auth.api.needs import Id, Superadmin
from karst_auth.known import Known
from karst_platform.cave.errors import CaveError
from karst_platform.pages import Form, Posted, Sent
from karst_platform.pages.markdown import render_markdown

SURE = "sure"
"""Where somebody writes the name of what shall go."""
_SHOWN = 200
LONGEST_TEXT = 200_000


def simple_routes(desk: Desk, area: Area) -> APIRouter:
    """The list, and the ways to make and to remove; for what has no page of its own also the form to change it."""
    router = APIRouter(prefix=f"/admin/{area.path}", include_in_schema=False)
    _new(router, desk, area)
    if not area.has_own_page:
        _list(router, desk, area)
        _edit(router, desk, area)
    _remove(router, desk, area)
    return router


def _list(router: APIRouter, desk: Desk, area: Area) -> None:
    @router.get("")
    async def listed(request: Request, caller: Superadmin) -> Response:
        return await list_page(desk, request, caller, area)


async def list_page(desk: Desk, request: Request, caller: Known, area: Area) -> Response:
    """A page of a list."""
    asked, rows = asked_by(request.query_params), area.rows
    async with desk.reading() as session:
        query = await rows.found(session, asked.find, caller)
        found = await page(session, query, asked, key=rows.key, is_newest_first=rows.is_newest_first)
    cells = [rows.cells(row) for row in found.rows]
    return desk.show(request, caller, "list.html.j2", {"area": area, "listing": found, "rows": cells})


def whole(asking: Asking, _caller: Known) -> Asking:
    """All of a form, whoever fills it in."""
    return asking


async def change_page(
    desk: Desk,
    request: Request,
    caller: Known,
    area: Area,
    id_: int,
    sent: Sent,
    asked: Callable[[Asking, Known], Asking] = whole,
) -> Response | tuple[Form, str, CaveError]:
    """Save what a form says, or the part that is `asked`.

    What it has against it is returned: the form, what it sees now, and why.
    """
    if area.update is None:
        raise CaveError(404, "not_found", f"No {area.one} can be changed.")
    async with desk.reading() as session:
        asking = asked(await area.asking_again(session), caller)
        thing = await area.demand(session, id_)
    form = asking.filled(sent)
    try:
        values = asking.values(form)
        async with desk.changing(request, caller) as change:
            await area.held(change, id_, sent.text(SEEN))
            moved_id = await area.update(change, id_, values)
    except FormError as error:
        return error.form, sent.text(SEEN), CaveError(422, "invalid_request", str(error))
    except CaveError as error:
        if _code(error) != CODE:
            return asking.refused(form, error), sent.text(SEEN), error
        return _conflict(asking, form, thing.values, error), thing.seen, error
    return desk.go(request, area.link(moved_id or id_), "changed")


def _conflict(asking: Asking, form: Form, now: Values, error: CaveError) -> Form:
    """The form as its second sender filled it in, and beside each field what stands there now."""
    form = asking.refused(form, error)
    texts = asking.empty(now).values
    for each in asking.fields:
        is_now = texts[each.name]
        if form.values[each.name] != is_now:
            form = form.wrong(each.name, f"{each.label} is now: {is_now[:_SHOWN] or 'blank'}")
    return form


def _code(error: CaveError) -> str:
    return str(cast("Mapping[str, str]", error.detail)["error"])


async def show_new(desk: Desk, request: Request, caller: Known, area: Area, form: Form, status: int = 200) -> Response:
    """The form to make one."""
    values = {"area": area, "form": form, "preview": await _preview(area, form)}
    return desk.show(request, caller, "new.html.j2", values, status=status)


async def _preview(area: Area, form: Form) -> str:
    text = form.values.get(area.markdown, "")[:LONGEST_TEXT]
    return await asyncio.to_thread(render_markdown, text) if text else ""


def _new(router: APIRouter, desk: Desk, area: Area) -> None:
    @router.get("/new")
    async def ask(request: Request, caller: Superadmin) -> Response:
        async with desk.reading() as session:
            asking = await area.asking(session)
        # A link can say what a form begins with, such as the dataset from whose page it leads.
        told = {each.name: request.query_params.get(each.name, "")[:200] for each in asking.fields}
        form = asking.empty({name: value for name, value in told.items() if value})
        return await show_new(desk, request, caller, area, form)

    @router.post("/new")
    async def make(request: Request, caller: Superadmin, sent: Posted) -> Response:
        made = await make_one(desk, request, caller, area, sent)
        if isinstance(made, int):
            return desk.go(request, area.link(made), "created")
        form, error = made
        return await show_new(desk, request, caller, area, form, error.status_code)

    if not area.markdown:
        return

    @router.post("/preview")
    async def preview(request: Request, caller: Superadmin, sent: Posted) -> Response:
        """Show the form again, and its text as people will see it; nothing is saved."""
        async with desk.reading() as session:
            asking = await area.asking(session)
        form = replace(asking.filled(sent), errors={})
        id_ = request.query_params.get("id")
        if id_ is None:
            return await show_new(desk, request, caller, area, form)
        async with desk.reading() as session:
            thing = await area.demand(session, id_of(id_, "id"))
        return await show_edit(desk, request, caller, area, thing, form, sent.text(SEEN))


async def make_one(desk: Desk, request: Request, caller: Known, area: Area, sent: Sent) -> int | tuple[Form, CaveError]:
    """Make what a form says; its id, or what the form has against it."""
    async with desk.reading() as session:
        asking = await area.asking(session)
    form = asking.filled(sent)
    try:
        values = asking.values(form)
        async with desk.changing(request, caller) as change:
            return await area.create(change, values)
    except FormError as error:
        return error.form, CaveError(422, "invalid_request", str(error))
    except CaveError as error:
        return asking.refused(form, error), error


async def show_edit(
    desk: Desk, request: Request, caller: Known, area: Area, thing: Thing, form: Form, seen: str, status: int = 200
) -> Response:
    """The form to change one."""
    values = {"area": area, "thing": thing, "form": form, "seen": seen, "preview": await _preview(area, form)}
    return desk.show(request, caller, "edit.html.j2", values, status=status)


def _edit(router: APIRouter, desk: Desk, area: Area) -> None:
    @router.get("/{id_:int}")
    async def one(request: Request, id_: Id, caller: Superadmin) -> Response:
        async with desk.reading() as session:
            thing = await area.demand(session, id_)
            asking = await area.asking_again(session)
        return await show_edit(desk, request, caller, area, thing, asking.empty(thing.values), thing.seen)

    if area.update is None:
        return

    @router.post("/{id_:int}")
    async def change(request: Request, id_: Id, caller: Superadmin, sent: Posted) -> Response:
        answer = await change_page(desk, request, caller, area, id_, sent)
        if isinstance(answer, Response):
            return answer
        form, seen, error = answer
        async with desk.reading() as session:
            thing = await area.demand(session, id_)
        return await show_edit(desk, request, caller, area, thing, form, seen, error.status_code)


def _remove(router: APIRouter, desk: Desk, area: Area) -> None:
    @router.get("/{id_:int}/remove")
    async def ask(request: Request, id_: Id, caller: Superadmin) -> Response:
        async with desk.reading() as session:
            thing = await area.demand(session, id_)
        return desk.show(request, caller, "remove.html.j2", {"area": area, "thing": thing, "error": ""})

    @router.post("/{id_:int}/remove")
    async def remove(request: Request, id_: Id, caller: Superadmin, sent: Posted) -> Response:
        async with desk.reading() as session:
            thing = await area.demand(session, id_)
        error = ""
        if sent.text(SURE) != thing.name:
            error = "That is another name, so nothing was removed."
        else:
            try:
                async with desk.changing(request, caller) as change:
                    await area.held(change, id_, sent.text(SEEN))
                    await area.remove(change, id_)
            except CaveError as refused:
                error = message_of(refused)
            else:
                return desk.go(request, area.path, "removed")
        values = {"area": area, "thing": thing, "error": error}
        return desk.show(request, caller, "remove.html.j2", values, status=422)
