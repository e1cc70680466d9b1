"""The one way to change what the service knows: for forms, and for programs that make what a deployment declares.

Values are looked at first (`checking`). What was done is logged, with who did it; then this process reads everything
anew, and others within a second.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import blake2b

from psycopg import errors
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from karst_info.checking import DATASTACKS, MIRRORS, VOLUMES, Checked, Kind, Value, Values, check
from karst_info.current import Current
from karst_info.model import AlignedVolume, Datastack, Declaration, ImageSource
from karst_platform.cave.guard.record import UserRecord
from karst_platform.relational import Relational

Row = AlignedVolume | ImageSource | Datastack
_log = logging.getLogger(__name__)


class RefusedError(Exception):
    """Nothing was changed; `faults` says why, by field. The field "" stands for the whole."""

    def __init__(self, faults: Mapping[str, str], *, is_conflict: bool = False) -> None:
        super().__init__("; ".join(faults.values()))
        self.faults = dict(faults)
        self.is_conflict = is_conflict
        """Whether other rows are in the way, and not the values themselves."""


class GoneError(LookupError):
    """There is no such row, or no longer."""


@dataclass(frozen=True, kw_only=True)
class Changed:
    """A row that was written."""

    id: int
    advice: Mapping[str, str]
    """What might be better, by field."""


class Changes:
    """Makes changes, and has `current` look at them."""

    def __init__(self, database: Relational, current: Current) -> None:
        self._database, self._current = database, current

    async def create(
        self, kind: Kind, values: Values, caller: UserRecord, *, declaration: str | None = None
    ) -> Changed:
        """Make a row, for the `declaration` of a deployment or by hand. Raises RefusedError."""
        checked = _accepted(kind, {each.name: values.get(each.name) for each in kind.fields})
        async with self._writing() as session:
            row = kind.model()
            await _write(session, kind, row, checked.values)
            session.add(row)
            await session.flush()
            told = row.id
            await _mark(session, kind, told, declaration)
        await self._done("made", kind, [told], caller)
        return Changed(id=told, advice=checked.advice)

    async def update(
        self,
        kind: Kind,
        row_id: int,
        values: Values,
        caller: UserRecord,
        *,
        seen: str | None = None,
        declaration: str | None = None,
    ) -> Changed:
        """Change fields of a row; others stay. `seen` is the `digest` of what somebody changed in a form.

        From then on the row is that of the `declaration`, where there is one. Raises RefusedError, GoneError.
        """
        async with self._writing() as session:
            row = await session.get(kind.model, row_id, with_for_update=True)
            if row is None:
                raise GoneError
            before = values_of(kind, row)
            if seen is not None and seen != digest(before):
                raise RefusedError({"": "Somebody else changed this meanwhile. Look at it again; nothing was saved."})
            checked = _accepted(kind, {**before, **values}, before)
            await _write(session, kind, row, checked.values)
            await _mark(session, kind, row_id, declaration)
        await self._done("changed", kind, [row_id], caller)
        return Changed(id=row_id, advice=checked.advice)

    async def delete(self, kind: Kind, row_ids: Collection[int], caller: UserRecord) -> int:
        """Take rows away, all or none; return how many there were. Raises RefusedError where one is still needed."""
        async with self._writing() as session:
            if kind is VOLUMES:
                await _refuse_needed(session, row_ids)
            marks = delete(Declaration).where(Declaration.kind == kind.name, Declaration.row_id.in_(row_ids))
            await session.execute(marks)
            rows = (await session.scalars(select(kind.model).where(kind.model.id.in_(row_ids)))).all()
            for row in rows:
                await session.delete(row)
        await self._done("deleted", kind, row_ids, caller)
        return len(rows)

    @asynccontextmanager
    async def _writing(self) -> AsyncGenerator[AsyncSession]:
        try:
            async with self._database.begin() as session:
                yield session
        except IntegrityError as error:
            if isinstance(error.orig, errors.UniqueViolation):
                raise RefusedError(
                    {"name": "Name is taken: there is another one of this name."}, is_conflict=True
                ) from None
            if isinstance(error.orig, errors.ForeignKeyViolation):
                raise RefusedError(
                    {"": "Something else still needs this, or it needs something that is gone."}, is_conflict=True
                ) from None
            raise

    async def _done(self, what: str, kind: Kind, ids: Collection[int], caller: UserRecord) -> None:
        fields = {"kind": kind.name, "ids": sorted(ids), "user": caller.id}
        _log.info("%s %s", kind.name, what, extra={"fields": fields})
        await self._current.refresh()


def values_of(kind: Kind, row: Row) -> dict[str, Value]:
    """The fields of a row."""
    return {each.name: getattr(row, kind.column(each.name)) for each in kind.fields}


def digest(values: Values) -> str:
    """A word that says whether values are still the same."""
    return blake2b(repr(sorted(values.items())).encode("utf-8", "replace"), digest_size=12).hexdigest()


def _accepted(kind: Kind, values: Values, before: Values | None = None) -> Checked:
    checked = check(kind, values, before)
    if checked.faults:
        raise RefusedError(checked.faults)
    return checked


async def _write(session: AsyncSession, kind: Kind, row: Row, values: Values) -> None:
    volume_id = values.get("aligned_volume")
    if kind is not VOLUMES and volume_id is not None and await session.get(AlignedVolume, volume_id) is None:
        raise RefusedError({"aligned_volume": "There is no such aligned volume."})
    for name, value in values.items():
        setattr(row, kind.column(name), value)


async def _mark(session: AsyncSession, kind: Kind, row_id: int, declaration: str | None) -> None:
    if declaration is None:
        return
    statement = insert(Declaration).values(kind=kind.name, row_id=row_id, deployment=declaration)
    keys = [Declaration.kind, Declaration.row_id]
    await session.execute(statement.on_conflict_do_update(index_elements=keys, set_={"deployment": declaration}))


async def _refuse_needed(session: AsyncSession, volume_ids: Collection[int]) -> None:
    for kind, model in ((DATASTACKS, Datastack), (MIRRORS, ImageSource)):
        query = select(model.name).where(model.aligned_volume_id.in_(volume_ids)).order_by(model.name).limit(5)
        names = (await session.scalars(query)).all()
        if names:
            message = f"{kind.plural} still need it: {', '.join(names)}. Delete them first."
            raise RefusedError({"": message}, is_conflict=True)
