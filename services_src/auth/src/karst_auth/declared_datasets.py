"""Datasets that a deployment declares in `datasets.json`: with their groups, grants, and tables that belong to them.

A dataset that is there already keeps the terms, groups and grants that it has; only tables of services that belong
to none yet are added. So what people change is theirs, and a declared dataset can be used from its first day on.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import func, select

from karst_auth.changes import datasets, groups, tables, terms
from karst_auth.changes.ledger import DEPLOYMENT, Changing, Ledger
from karst_auth.declared import DeclaredError
from karst_auth.model import Dataset, Group, Membership, Permission, ServiceTable, Tos, User

_UNWRITTEN = "The text of these terms of service is still to be written. Ask whoever runs this deployment."


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class DeclaredGroup(_Part):
    """A group, its permissions, and e-mail addresses of people who belong to it."""

    permissions: tuple[str, ...] = ()
    members: tuple[str, ...] = ()


class DeclaredTable(_Part):
    """A name in a namespace, and the dataset that decides about it."""

    service: str
    table: str
    dataset: str


class DeclaredDataset(_Part):
    """One dataset, as far as auth needs it."""

    name: str
    auth_dataset: str = ""
    """Its name in auth, where that is another one."""
    groups: Mapping[str, DeclaredGroup] = Field(default_factory=dict)
    table_mappings: tuple[DeclaredTable, ...] = ()
    terms_of_service: str | None = None

    @property
    def called(self) -> str:
        """Its name in auth."""
        return self.auth_dataset or self.name


class DatasetsFile(_Part):
    """The file."""

    version: int = Field(ge=1, le=1)
    datasets: tuple[DeclaredDataset, ...] = ()


def read_datasets(path: Path) -> DatasetsFile:
    """Read the file. Raises DeclaredError."""
    try:
        return DatasetsFile.model_validate_json(path.read_bytes())
    except OSError as error:
        raise DeclaredError(f"{path}: can't be read ({type(error).__name__})") from None
    except ValidationError as error:
        raise DeclaredError(f"{path}: {error.error_count()} mistakes") from None


async def apply_datasets(ledger: Ledger, declared: DatasetsFile) -> None:
    """Make what is missing, all of it or nothing. Several processes may do so at once."""
    async with ledger.change(DEPLOYMENT) as change:
        await change.session.execute(select(func.pg_advisory_xact_lock(0x6B61727376)))
        for each in declared.datasets:
            known = await change.session.scalar(select(Dataset.id).where(Dataset.name == each.called))
            if known is None:
                await _make(change, each)
        for each in (table for one in declared.datasets for table in one.table_mappings):
            await _map(change, each)


async def _make(change: Changing, declared: DeclaredDataset) -> None:
    tos_id = await _terms(change, declared.terms_of_service) if declared.terms_of_service else None
    dataset = await datasets.create(change, name=declared.called, tos_id=tos_id)
    permissions = {name: id_ for id_, name in await change.session.execute(select(Permission.id, Permission.name))}
    for name, group in sorted(declared.groups.items()):
        group_id = await change.session.scalar(select(Group.id).where(Group.name == name))
        if group_id is None:
            group_id = await groups.create(change, name=name)
        ids = [permissions[each] for each in group.permissions if each in permissions]
        if ids:
            await datasets.grant(change, dataset_id=dataset.id, group_id=group_id, permission_ids=ids)
        for address in group.members:
            await _join(change, group_id, address.lower())


async def _terms(change: Changing, name: str) -> int:
    found = await change.session.scalar(select(Tos.id).where(Tos.name == name).order_by(Tos.id).limit(1))
    return found if found is not None else (await terms.create(change, name=name, markdown=_UNWRITTEN)).id


async def _join(change: Changing, group_id: int, address: str) -> None:
    """Let somebody who is known belong to a group; others join when an administrator lets them."""
    user_id = await change.session.scalar(select(User.id).where(func.lower(User.email) == address))
    is_member = select(Membership.id).where(Membership.group_id == group_id, Membership.user_id == user_id)
    if user_id is not None and await change.session.scalar(is_member) is None:
        await groups.add_member(change, group_id=group_id, user_id=user_id)


async def _map(change: Changing, declared: DeclaredTable) -> None:
    query = select(ServiceTable.id).where(
        ServiceTable.service_name == declared.service, ServiceTable.table_name == declared.table
    )
    if await change.session.scalar(query) is None:
        await tables.map_table(change, namespace=declared.service, table=declared.table, dataset=declared.dataset)
