"""Tables of services: to which dataset each belongs, and so who may use it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from karst_auth.admin.area import Area, Cell, Rows, Thing
from karst_auth.admin.areas.lists import dataset_field
from karst_auth.admin.forms import Asking, Values
from karst_auth.admin.listing import by
from karst_auth.changes import tables
from karst_auth.changes.ledger import Changing
from karst_auth.changes.rows import demand
from karst_auth.model import Dataset, ServiceTable
from karst_platform.pages import Field

_SERVICE = Field(
    name="service_name",
    label="Namespace",
    is_required=True,
    longest=tables.NAME,
    hint="datastack, aligned_volume or pychunkedgraph, or what another service asks with.",
)
_TABLE = Field(
    name="table_name", label="Table", is_required=True, longest=tables.NAME, hint="Such as the name of a datastack."
)
_ALSO = {"dataset_id": "dataset", "service": "service_name", "table": "table_name"}


def _cells(row: Any) -> list[Cell]:  # noqa: ANN401 - a row of the query below
    id_, table, dataset = row
    return [
        Cell(table.table_name, f"tables/{id_}"),
        Cell(table.service_name),
        Cell(dataset, f"datasets/{table.dataset_id}"),
    ]


def _thing(row: ServiceTable) -> Thing:
    values = {"service_name": row.service_name, "table_name": row.table_name, "dataset": row.dataset_id}
    return Thing(id=row.id, name=row.table_name, values=values, subject=f"table/{row.service_name}/{row.table_name}")


async def _form(session: AsyncSession) -> Asking:
    return Asking(fields=(_SERVICE, _TABLE, await dataset_field(session)), unique="table_name", also=_ALSO)


async def _create(change: Changing, values: Values) -> int:
    dataset = await demand(change.session, Dataset, values["dataset"], "There is no such dataset.")
    namespace, table = values["service_name"], values["table_name"]
    return await tables.map_table(change, namespace=namespace, table=table, dataset=dataset.name)


async def _update(change: Changing, id_: int, values: Values) -> int:
    """Move it, all or nothing: what belongs to it is asked for between the two by nobody."""
    await _remove(change, id_)
    await change.session.flush()
    return await _create(change, values)


async def _remove(change: Changing, id_: int) -> None:
    row = await demand(change.session, ServiceTable, id_, "There is no such table.")
    dataset = await demand(change.session, Dataset, row.dataset_id, "There is no such dataset.")
    await tables.unmap_table(change, namespace=row.service_name, table=row.table_name, dataset=dataset.name)


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
        seen_by=lambda _caller: select(ServiceTable.id, ServiceTable, Dataset.name).join(
            Dataset, Dataset.id == ServiceTable.dataset_id
        ),
        means=by((ServiceTable.table_name, ServiceTable.service_name, Dataset.name), ServiceTable.id),
        key=ServiceTable.id,
        cells=_cells,
        looks_for="Search by table, namespace or dataset",
    ),
    form=_form,
    thing=_thing,
    create=_create,
    update=_update,
    remove=_remove,
    removal="Nobody can use what it stands for until it belongs to a dataset again.",
)
