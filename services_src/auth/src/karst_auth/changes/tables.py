"""Changes to which dataset tables belong, which roots are public, and from which origins viewers may come."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from karst_auth.changes.ledger import Changing
from karst_auth.changes.values import LARGEST_ROOT, identifier, text
from karst_auth.model import Dataset, PublicRoot, ServiceTable
from karst_platform.cave.errors import CaveError

NAME = 120


async def map_table(change: Changing, *, namespace: object, table: object, dataset: object) -> int:
    """Let a table belong to the dataset of exactly this name; its id is returned.

    Raises CaveError, 404, or 422 where it belongs to one.
    """
    named = text(dataset, "dataset", NAME)
    dataset_id = await _dataset_id(change, named)
    row = ServiceTable(
        service_name=text(namespace, "service", NAME), table_name=text(table, "table", NAME), dataset_id=dataset_id
    )
    change.session.add(row)
    await change.session.flush()
    change.note("table.map", f"table/{row.service_name}/{row.table_name}", after={"dataset": named})
    change.concerns_table(row.service_name, row.table_name)
    return row.id


async def unmap_table(change: Changing, *, namespace: str, table: str, dataset: str) -> None:
    """Let a table belong to this dataset no longer. Raises CaveError, 404, where it doesn't."""
    dataset_id = await _dataset_id(change, text(dataset, "dataset", NAME))
    query = select(ServiceTable).where(
        ServiceTable.service_name == text(namespace, "service", NAME),
        ServiceTable.table_name == text(table, "table", NAME),
        ServiceTable.dataset_id == dataset_id,
    )
    row = await change.session.scalar(query.with_for_update())
    if row is None:
        raise CaveError(404, "not_found", "The table doesn't belong to this dataset.")
    await change.session.delete(row)
    change.note("table.unmap", f"table/{row.service_name}/{row.table_name}", before={"dataset": dataset})
    change.concerns_table(row.service_name, row.table_name)


async def set_public(change: Changing, *, table: object, root_id: object, is_public: bool) -> int:
    """Let everybody see one root of a table, or no longer; its id is returned."""
    named, root = text(table, "table_id", NAME), identifier(root_id, "root_id", LARGEST_ROOT)
    statement = insert(PublicRoot).values(table_id=named, root_id=root, public=is_public)
    statement = statement.on_conflict_do_update(
        index_elements=[PublicRoot.table_id, PublicRoot.root_id], set_={"public": is_public}
    )
    id_ = await change.session.scalar(statement.returning(PublicRoot.id))
    change.note("root.set_public", f"root/{named}/{root}", after={"public": is_public})
    change.concerns_public(named)
    return id_ or 0


async def remove_root(change: Changing, *, table: object, root_id: object) -> None:
    """Forget whether a root is public, which it is no longer. Raises CaveError, 404."""
    named, root = text(table, "table_id", NAME), identifier(root_id, "root_id", LARGEST_ROOT)
    query = select(PublicRoot).where(PublicRoot.table_id == named, PublicRoot.root_id == root)
    row = await change.session.scalar(query.with_for_update())
    if row is None:
        raise CaveError(404, "not_found", "There is no such root.")
    await change.session.delete(row)
    change.note("root.remove", f"root/{named}/{root}", before={"public": row.public})
    change.concerns_public(named)


async def _dataset_id(change: Changing, name: str) -> int:
    found = await change.session.scalar(select(Dataset.id).where(Dataset.name == name))
    if found is None:
        raise CaveError(404, "not_found", "There is no dataset of this name.")
    return found
