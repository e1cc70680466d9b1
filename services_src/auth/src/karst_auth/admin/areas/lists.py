"""Fields that choose among what the database has."""

from __future__ import annotations

from typing import cast

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from karst_auth.admin.forms import choices
from karst_auth.model import Affiliation, Dataset, Permission, Tos
from karst_platform.pages import Choice, Field, Kind

_MOST = 2000
"""Things in one list at the most: nobody looks through longer ones."""


async def terms_field(session: AsyncSession) -> Field:
    """Terms of service, or none."""
    return Field(
        name="tos",
        label="Terms of service",
        kind=Kind.CHOICE,
        choices=await _all(session, Tos),
        hint="Who has not accepted them can do nothing with the dataset, whatever is granted.",
    )


async def dataset_field(session: AsyncSession) -> Field:
    """One of all datasets."""
    found = await _all(session, Dataset)
    return Field(name="dataset", label="Dataset", kind=Kind.CHOICE, is_required=True, choices=found)


async def institution_field(session: AsyncSession) -> Field:
    """One of all institutions."""
    found = await _all(session, Affiliation)
    return Field(name="affiliation", label="Institution", kind=Kind.CHOICE, is_required=True, choices=found)


async def permissions(session: AsyncSession) -> list[Choice]:
    """All permissions."""
    return [
        Choice(str(id_), name)
        for id_, name in await session.execute(select(Permission.id, Permission.name).order_by(Permission.id))
    ]


async def _all(session: AsyncSession, table: type[Affiliation | Dataset | Tos]) -> list[Choice]:
    rows = (await session.execute(select(table.id, table.name).order_by(table.name).limit(_MOST))).all()
    return list(choices(cast("list[tuple[int, str]]", rows)))
