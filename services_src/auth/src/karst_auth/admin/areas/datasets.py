"""Datasets: what permissions are about."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from karst_auth.admin.area import Area, Cell, Rows, Thing, aside
from karst_auth.admin.areas.lists import terms_field
from karst_auth.admin.forms import Asking, Values
from karst_auth.admin.listing import Query, by
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


def _seen_by(caller: Known) -> Query:
    """All datasets for superadmins; for others those that they manage."""
    query = select(Dataset.name, Dataset.id, Tos.name).outerjoin(Tos, Tos.id == Dataset.tos_id)
    return query if caller.admin else query.where(Dataset.id.in_(caller.datasets_run))


async def _form(session: AsyncSession) -> Asking:
    return Asking(fields=(_NAME, await terms_field(session)), unique="name", also={"tos_id": "tos"})


async def _create(change: Changing, values: Values) -> int:
    return (await datasets.create(change, name=values["name"], tos_id=values["tos"])).id


async def _update(change: Changing, id_: int, values: Values) -> None:
    """Save what a form has: the name is in that of superadmins only."""
    told = {"tos_id": values["tos"], **({"name": values["name"]} if "name" in values else {})}
    await datasets.update(change, dataset_id=id_, values=told, may_rename="name" in values)


DATASETS = Area(
    path="datasets",
    model="dataset",
    title="Datasets",
    one="dataset",
    about="What groups may do with data is said here, one dataset for all that is shared alike.",
    table=Dataset,
    rows=Rows(
        headings=("Name", "Terms of service", "Id"),
        seen_by=_seen_by,
        means=by((Dataset.name,), Dataset.id),
        key=Dataset.name,
        cells=lambda row: [
            Cell(row[0], f"datasets/{row[1]}"),
            Cell(row[2] or "none", tone="" if row[2] else "aside"),
            aside(row[1]),
        ],
    ),
    form=_form,
    thing=lambda row: Thing(
        id=row.id, name=row.name, values={"name": row.name, "tos": row.tos_id}, subject=f"dataset/{row.id}"
    ),
    create=_create,
    update=_update,
    remove=lambda change, id_: datasets.remove(change, dataset_id=id_),
    removal="All grants on it go too. Tables have to be moved to another dataset first.",
    has_own_page=True,
)
