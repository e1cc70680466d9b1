"""Administration, for superadmins: lists, forms, details and deletion, at the addresses that upstream has them.

Names of fields are those of the columns, so scripts that filled in upstream's forms go on; they send `Authorization`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus

from fastapi import Request
from starlette.responses import Response

from karst_info.admin_forms import SEEN, csv_of, form_of, listed, refused_form, rows_of
from karst_info.changes import Changes, GoneError, RefusedError, Row
from karst_info.checking import DATASTACKS, KINDS, VOLUMES, Kind, read_form
from karst_info.current import Current
from karst_info.visible import DATASTACK, VOLUME, unknown
from karst_platform.cave.errors import CaveError
from karst_platform.cave.guard.authority import Freshness
from karst_platform.cave.guard.guard import guard_of
from karst_platform.cave.guard.record import UserRecord
from karst_platform.pages import Confirmation, Form, Listing, Pages, Sent, window_of

_MOST_AT_ONCE = 1000
_NAMESPACES = {DATASTACKS: DATASTACK, VOLUMES: VOLUME}
"""In which auth knows the names."""


class Administration:
    """What the pages of administration do."""

    def __init__(self, current: Current, changes: Changes, pages: Pages) -> None:
        self._current, self._changes, self._pages = current, changes, pages

    async def start(self, request: Request, caller: UserRecord) -> Response:
        """What there is to change."""
        known = await self._current.refresh()
        counts = [(kind, len(rows_of(kind, known))) for kind in KINDS.values()]
        return self._pages.answer(request, "admin.html.j2", {"kinds": counts}, person=caller)

    async def list(self, request: Request, caller: UserRecord, kind: Kind) -> Response:
        """All rows of a kind, searched and by pages."""
        known, window = await self._current.refresh(), window_of(request)
        wanted = window.search.lower()
        rows = [row for row in rows_of(kind, known) if wanted in f"{row.name} {row.description or ''}".lower()]
        found = Listing.of(rows, window)
        values = {
            "kind": kind,
            "rows": [listed(kind, row, known) for row in found.items],
            "listing": found,
        }
        return self._pages.answer(request, "list.html.j2", values, person=caller)

    async def details(self, request: Request, caller: UserRecord, kind: Kind) -> Response:
        """One row."""
        row = await self._row(kind, request.query_params.get("id", ""))
        known = self._current.get()
        values = {
            "kind": kind,
            "listed": listed(kind, row, known),
            "form": form_of(kind, known, row),
            "is_guarded": kind in _NAMESPACES,
            "dataset": await _dataset(request, kind, row),
            "mappings": f"{self._pages.site.login_url}/flask_admin/servicetable/",
        }
        return self._pages.answer(request, "details.html.j2", values, person=caller)

    async def form(self, request: Request, caller: UserRecord, kind: Kind, row: Row | None) -> Response:
        """A form with a row, or a blank one."""
        known = await self._current.refresh()
        return self._form(request, caller, kind, form_of(kind, known, row), row)

    async def edit(self, request: Request, caller: UserRecord, kind: Kind) -> Response:
        """The form of the row that the address names."""
        return await self.form(request, caller, kind, await self._row(kind, request.query_params.get("id", "")))

    async def create(self, request: Request, caller: UserRecord, kind: Kind, sent: Sent) -> Response:
        """Make what a form says."""
        told = _told(kind, sent)
        try:
            values = _read(kind, told)
            await self._changes.create(kind, values, caller)
        except RefusedError as error:
            form = refused_form(kind, self._current.get(), told, error.faults)
            return self._form(request, caller, kind, form, None, HTTPStatus.UNPROCESSABLE_ENTITY)
        return _to_list(request, kind)

    async def update(self, request: Request, caller: UserRecord, kind: Kind, sent: Sent) -> Response:
        """Change what a form says, and leave what it doesn't have."""
        row = await self._row(kind, request.query_params.get("id") or sent.text("id"))
        told = _told(kind, sent)
        try:
            values = _read(kind, told)
            await self._changes.update(kind, row.id, values, caller, seen=sent.text(SEEN) or None)
        except RefusedError as error:
            before = form_of(kind, self._current.get(), row).values
            form = refused_form(kind, self._current.get(), {**before, **told, SEEN: before[SEEN]}, error.faults)
            return self._form(request, caller, kind, form, row, HTTPStatus.UNPROCESSABLE_ENTITY)
        except GoneError:
            raise unknown(kind.title.lower(), str(row.id)) from None
        return _to_list(request, kind)

    async def ask(self, request: Request, caller: UserRecord, kind: Kind) -> Response:
        """Ask before a row is deleted."""
        row = await self._row(kind, request.query_params.get("id", ""))
        root = _root(request, kind)
        returns = self._is_declared(kind, row)
        question = Confirmation(
            title=f"Delete {row.name}?",
            message="The deployment declares it, so it comes back; take it out of the dataset's file first."
            if returns
            else "Clients no longer find it. The data themselves stay where they are.",
            button="Delete",
            action=f"{root}/delete",
            back=f"{root}/details?id={row.id}",
            values={"id": str(row.id)},
            is_danger=True,
        )
        return self._pages.confirm(request, question, person=caller)

    async def delete(self, request: Request, caller: UserRecord, kind: Kind, ids: Sequence[str]) -> Response:
        """Delete these rows. Raises CaveError, 404 or 409."""
        rows = [await self._row(kind, each) for each in ids[:_MOST_AT_ONCE]]
        try:
            await self._changes.delete(kind, [row.id for row in rows], caller)
        except RefusedError as error:
            raise CaveError(HTTPStatus.CONFLICT, "conflict", str(error)) from None
        return _to_list(request, kind)

    async def export(self, kind: Kind) -> Response:
        """All rows of a kind as a table."""
        known = await self._current.refresh()
        headers = {"Content-Disposition": f'attachment; filename="{kind.name}.csv"', "Cache-Control": "no-store"}
        return Response(csv_of(kind, rows_of(kind, known), known), media_type="text/csv", headers=headers)

    def _form(
        self, request: Request, caller: UserRecord, kind: Kind, form: Form, row: Row | None, status: int = 200
    ) -> Response:
        values = {"kind": kind, "form": form, "row": row, "is_declared": row and self._is_declared(kind, row)}
        return self._pages.answer(request, "form.html.j2", values, person=caller, status=status)

    async def _row(self, kind: Kind, told: str) -> Row:
        known = await self._current.refresh()
        found = next((row for row in rows_of(kind, known) if str(row.id) == told), None)
        if found is None:
            raise unknown(kind.title.lower(), told)
        return found

    def _is_declared(self, kind: Kind, row: Row) -> bool:
        return (kind.name, row.id) in self._current.get().declared


async def _dataset(request: Request, kind: Kind, row: Row) -> str | None:
    """The dataset whose grants say who may see the row; None where nobody may."""
    guard = guard_of(request)
    if kind not in _NAMESPACES or guard.is_disabled:
        return None
    return await guard.authority.dataset_of(_NAMESPACES[kind], row.name, Freshness.RECENT)


def _told(kind: Kind, sent: Sent) -> dict[str, str]:
    return {each.name: sent.text(each.name) for each in kind.fields if sent.has(each.name)}


def _read(kind: Kind, told: Mapping[str, str]) -> dict[str, str | int | float | None]:
    read = read_form(kind, told)
    if read.faults:
        raise RefusedError(read.faults)
    return read.values


def _root(request: Request, kind: Kind) -> str:
    return f"{request.scope.get('root_path', '')}/admin/{kind.name}"


def _to_list(request: Request, kind: Kind) -> Response:
    """The way on after a form; 302, as scripts for upstream expect it."""
    return Response(
        status_code=HTTPStatus.FOUND, headers={"Location": f"{_root(request, kind)}/", "Cache-Control": "no-store"}
    )
