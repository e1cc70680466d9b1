"""Datasets: what permissions are about."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from karst_auth.admin.area import Area, Cell, Rows, Thing
from karst_auth.admin.areas.lists import terms_field
from karst_auth.admin.forms import Asking, Values
from karst_auth.admin.listing import Query, matches
from karst_auth.changes import datasets
from karst_auth.changes.ledger import Changing
from karst_auth.known import Known
from karst_auth.model import Dataset, Tos
from karst_platform.pages import Field

_NAME = Field(
    name="name",
    label="Name",
    is_required=True,
    longest=datasets.NAME,
    hint="Services ask for permissions by this name.",
)


def _query(search: str, caller: Known) -> Query:
    """All datasets for superadmins; for others those that they manage."""
    query = select(Dataset.name, Dataset.id, Tos.name).outerjoin(Tos, Tos.id == Dataset.tos_id)
    if not caller.admin:
        query = query.where(Dataset.id.in_(caller.datasets_run))
    return query.where(matches(search, (Dataset.name,), Dataset.id)) if search else query


def _cells(row: Any) -> list[Cell]:  # noqa: ANN401 - a row of this query
    name, id_, terms = row
    return [
        Cell(name, f"datasets/{id_}"),
        Cell(terms or "none", tone="" if terms else "aside"),
        Cell(str(id_), tone="aside"),
    ]


async def _asking(session: AsyncSession) -> Asking:
    return Asking(fields=(_NAME, await terms_field(session)), unique="name", also={"tos_id": "tos"})


async def _read(session: AsyncSession, id_: int) -> Thing | None:
    row = await session.get(Dataset, id_)
    if row is None:
        return None
    return Thing(id=id_, name=row.name, values={"name": row.name, "tos": row.tos_id}, subject=f"dataset/{id_}")


async def _create(change: Changing, values: Values) -> int:
    return (await datasets.create(change, name=values["name"], tos_id=values["tos"])).id


async def _update(change: Changing, id_: int, values: Values) -> None:
    told = {"name": values["name"], "tos_id": values["tos"]}
    await datasets.update(change, dataset_id=id_, values=told, may_rename=True)


async def _remove(change: Changing, id_: int) -> None:
    await datasets.remove(change, dataset_id=id_)


DATASETS = Area(
    path="datasets",
    model="dataset",
    title="Datasets",
    one="dataset",
    about="What groups may do with data is said here, one dataset for all that is shared alike.",
    table=Dataset,
    rows=Rows(headings=("Name", "Terms of service", "Id"), query=_query, key=Dataset.name, cells=_cells),
    asking=_asking,
    asking_again=_asking,
    create=_create,
    read=_read,
    update=_update,
    remove=_remove,
    removal="All grants on it go too. Tables have to be moved to another dataset first.",
    has_own_page=True,
)
