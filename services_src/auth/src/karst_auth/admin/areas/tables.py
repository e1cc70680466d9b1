"""Tables of services: to which dataset each belongs, and so who may use it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from karst_auth.admin.area import Area, Cell, Rows, Thing
from karst_auth.admin.areas.lists import dataset_field
from karst_auth.admin.forms import Asking, Values
from karst_auth.admin.listing import Query, matches
from karst_auth.changes import tables
from karst_auth.changes.ledger import Changing
from karst_auth.known import Known
from karst_auth.model import Dataset, ServiceTable
from karst_platform.cave.errors import CaveError
from karst_platform.pages import Field

SERVICE = Field(
    name="service_name",
    label="Namespace",
    is_required=True,
    longest=tables.NAME,
    hint="datastack, aligned_volume or pychunkedgraph, or what another service asks with.",
)
TABLE = Field(
    name="table_name", label="Table", is_required=True, longest=tables.NAME, hint="Such as the name of a datastack."
)
ALSO = {"dataset_id": "dataset", "service": "service_name", "table": "table_name"}


def _query(search: str, _caller: Known) -> Query:
    query = select(ServiceTable.id, ServiceTable, Dataset.name).join(Dataset, Dataset.id == ServiceTable.dataset_id)
    texts = (ServiceTable.table_name, ServiceTable.service_name, Dataset.name)
    return query.where(matches(search, texts, ServiceTable.id)) if search else query


def _cells(row: Any) -> list[Cell]:  # noqa: ANN401 - a row of this query
    id_, table, dataset = row
    return [
        Cell(table.table_name, f"tables/{id_}"),
        Cell(table.service_name),
        Cell(dataset, f"datasets/{table.dataset_id}"),
    ]


async def _asking(session: AsyncSession) -> Asking:
    return Asking(fields=(SERVICE, TABLE, await dataset_field(session)), unique="table_name", also=ALSO)


async def _read(session: AsyncSession, id_: int) -> Thing | None:
    row = await session.get(ServiceTable, id_)
    if row is None:
        return None
    values = {"service_name": row.service_name, "table_name": row.table_name, "dataset": row.dataset_id}
    return Thing(id=id_, name=row.table_name, values=values, subject=f"table/{row.service_name}/{row.table_name}")


async def _create(change: Changing, values: Values) -> int:
    name = await _dataset(change, values["dataset"])
    await tables.map_table(change, namespace=values["service_name"], table=values["table_name"], dataset=name)
    query = select(ServiceTable.id).where(
        ServiceTable.service_name == str(values["service_name"]).strip(),
        ServiceTable.table_name == str(values["table_name"]).strip(),
    )
    return await change.session.scalar(query) or 0


async def _update(change: Changing, id_: int, values: Values) -> int:
    """Move it, all or nothing: what belongs to it is asked for between the two by nobody."""
    await _remove(change, id_)
    await change.session.flush()
    return await _create(change, values)


async def _remove(change: Changing, id_: int) -> None:
    row = await change.session.get(ServiceTable, id_)
    if row is None:
        raise CaveError(404, "not_found", "There is no such table.")
    name = await _dataset(change, row.dataset_id)
    await tables.unmap_table(change, namespace=row.service_name, table=row.table_name, dataset=name)


async def _dataset(change: Changing, id_: object) -> str:
    found = await change.session.scalar(select(Dataset.name).where(Dataset.id == id_))
    if found is None:
        raise CaveError(404, "not_found", "There is no such dataset.")
    return found


TABLES = Area(
    path="tables",
    model="servicetable",
    title="Service tables",
    one="service table",
    about="Each datastack, aligned volume or graph belongs to one dataset, whose permissions count for it. "
    "What belongs to none is open to nobody.",
    table=ServiceTable,
    rows=Rows(
        headings=("Table", "Namespace", "Dataset"),
        query=_query,
        key=ServiceTable.id,
        cells=_cells,
        looks_for="Search by table, namespace or dataset",
    ),
    asking=_asking,
    asking_again=_asking,
    create=_create,
    read=_read,
    update=_update,
    remove=_remove,
    removal="Nobody can use what it stands for until it belongs to a dataset again.",
)
