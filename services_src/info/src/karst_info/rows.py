"""Aligned volumes, mirrors and datastacks as rows, for programs of superadmins: listed, made, changed, deleted.

`karst reconcile` makes what a deployment declares this way. Names of fields are those of the columns;
`aligned_volume` is the name of one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, NoReturn

from fastapi import APIRouter, Body, Depends, Path, Request, Response
from pydantic import BaseModel, Field

from karst_info.admin_forms import rows_of
from karst_info.catalogue import Catalogue, to_json
from karst_info.changes import Changes, GoneError, RefusedError, Row, values_of
from karst_info.checking import KINDS, Kind, UnreadableError, Value
from karst_info.checking import Field as Column
from karst_info.current import Current
from karst_info.visible import unknown
from karst_platform.cave.declarations import declaration_of
from karst_platform.cave.errors import CaveError
from karst_platform.cave.guard.checks import superadmin
from karst_platform.cave.guard.record import UserRecord
from karst_platform.cave.operations import answers
from karst_platform.pages import demand_vouched

_VOLUME = "aligned_volume"
_LARGEST_ID = 2**31 - 1
_EXAMPLE = {"id": 1, "name": "fish_v1", "image_source": "precomputed://gs://fish/em", "declaration": "lab"}


class Removed(BaseModel):
    """How many rows were taken away."""

    removed: int = Field(description="1, or 0 where there was none.")


def _kind(kind: Annotated[str, Path(description="alignedvolume, imagesource or datastack.")]) -> Kind:
    if kind not in KINDS:
        raise CaveError(404, "not_found", f"There are no such rows. There are {', '.join(sorted(KINDS))}.")
    return KINDS[kind]


Superadmin = Annotated[UserRecord, Depends(superadmin)]
Named = Annotated[Kind, Depends(_kind)]
"""The kind that the path names; it stands after the caller, so that nobody else learns which there are."""
RowId = Annotated[int, Path(ge=1, le=_LARGEST_ID, description="Id of a row.")]
Told = Annotated[dict[str, Any], Body(description="Fields of the row.", examples=[{"name": "fish_v1"}])]


def rows(current: Current, changes: Changes) -> APIRouter:
    """All routes."""
    router = APIRouter(prefix="/api/v2/rows", tags=["Rows"])

    @router.get("/{kind}", response_model=list[dict[str, Any]], responses=answers([_EXAMPLE], 400, 401, 403, 404, 503))
    async def list_rows(_caller: Superadmin, kind: Named) -> Response:
        """List all rows of a kind, each with the deployment whose declaration made it, or null."""
        known = await current.refresh()
        return _json([_told(kind, row, known) for row in rows_of(kind, known)])

    @router.post(
        "/{kind}", response_model=dict[str, Any], responses=answers(_EXAMPLE, 400, 401, 403, 404, 409, 422, 503)
    )
    async def make_row(request: Request, caller: Superadmin, kind: Named, told: Told) -> Response:
        """Make a row."""
        declaration = _vouched(request, caller)
        try:
            values = _read(kind, told, await current.refresh())
            made = await changes.create(kind, values, caller, declaration=declaration)
        except RefusedError as error:
            _refuse(error)
        return _json(_one(kind, made.id, current.get()))

    @router.put(
        "/{kind}/{row_id}",
        response_model=dict[str, Any],
        responses=answers(_EXAMPLE, 400, 401, 403, 404, 409, 422, 503),
    )
    async def change_row(request: Request, caller: Superadmin, kind: Named, row_id: RowId, told: Told) -> Response:
        """Change fields of a row; others stay."""
        declaration = _vouched(request, caller)
        try:
            values = _read(kind, told, await current.refresh())
            await changes.update(kind, row_id, values, caller, declaration=declaration)
        except RefusedError as error:
            _refuse(error)
        except GoneError:
            raise unknown(kind.title.lower(), str(row_id)) from None
        return _json(_one(kind, row_id, current.get()))

    @router.delete(
        "/{kind}/{row_id}", response_model=Removed, responses=answers({"removed": 1}, 400, 401, 403, 404, 409, 503)
    )
    async def remove_row(request: Request, caller: Superadmin, kind: Named, row_id: RowId) -> Response:
        """Take a row away; the data that it names stay. An aligned volume goes after all that belongs to it."""
        _vouched(request, caller)
        try:
            return _json({"removed": await changes.delete(kind, [row_id], caller)})
        except RefusedError as error:
            _refuse(error)

    return router


def _vouched(request: Request, caller: UserRecord) -> str | None:
    demand_vouched(request)
    return declaration_of(request, is_superadmin=caller.admin)


def _read(kind: Kind, told: Mapping[str, object], known: Catalogue) -> dict[str, Value]:
    """Values of fields. Raises RefusedError."""
    columns = {each.name: each for each in kind.fields}
    faults = {name: "There is no such field." for name in told if name not in columns}
    values: dict[str, Value] = {}
    for name in told.keys() & columns.keys():
        try:
            values[name] = _volume(told[name], known) if name == _VOLUME else _value(columns[name], told[name])
        except UnreadableError as error:
            faults[name] = f"{columns[name].label} {error}"
    if faults:
        raise RefusedError(faults)
    return values


def _volume(told: object, known: Catalogue) -> int:
    if isinstance(told, str) and told in known.volumes:
        return known.volumes[told].row.id
    raise UnreadableError("is the name of none that is there.")


def _value(column: Column, told: object) -> Value:
    if told is None:
        return None
    if column.read is str:
        if not isinstance(told, str):
            raise UnreadableError("is no text.")
        return told.replace("\r\n", "\n").strip() or None
    if isinstance(told, bool) or not isinstance(told, int | float):
        raise UnreadableError("is no number.")
    return column.read(str(told))


def _one(kind: Kind, row_id: int, known: Catalogue) -> dict[str, object]:
    found = next((row for row in rows_of(kind, known) if row.id == row_id), None)
    if found is None:  # somebody was quicker
        raise unknown(kind.title.lower(), str(row_id))
    return _told(kind, found, known)


def _told(kind: Kind, row: Row, known: Catalogue) -> dict[str, object]:
    values: dict[str, object] = dict(values_of(kind, row))
    if _VOLUME in values:
        volume = known.volumes_by_id.get(int(str(values[_VOLUME] or 0)))
        values[_VOLUME] = volume.name if volume is not None else None
    return {"id": row.id, **values, "declaration": known.declared.get((kind.name, row.id))}


def _refuse(error: RefusedError) -> NoReturn:
    status, code = (409, "conflict") if error.is_conflict else (422, "invalid_request")
    raise CaveError(status, code, str(error), data={"faults": error.faults})


def _json(value: object) -> Response:
    return Response(to_json(value), media_type="application/json")
