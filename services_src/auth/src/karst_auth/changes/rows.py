"""Rows that a change needs."""

from __future__ import annotations

from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from karst_auth.model import Base
from karst_platform.cave.errors import CaveError

RowT = TypeVar("RowT", bound=Base)


async def demand(session: AsyncSession, table: type[RowT], id_: object, missing: str) -> RowT:
    """The row of this id. Raises CaveError, 404, that says `missing`."""
    return _there(await session.get(table, id_), missing)


async def locked(session: AsyncSession, table: type[RowT], id_: int, missing: str, *, is_kept: bool = False) -> RowT:
    """The row of this id, which nobody else changes until the end; where it `is_kept`, others may refer to it.

    Raises CaveError, 404, that says `missing`.
    """
    return _there(await session.get(table, id_, with_for_update={"key_share": is_kept}), missing)


def _there(row: RowT | None, missing: str) -> RowT:
    if row is None:
        raise CaveError(404, "not_found", missing)
    return row
