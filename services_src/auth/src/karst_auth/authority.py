"""What the guard asks about people and tables, answered from the database; whoever asks often remembers answers itself.

authority = Remembering(SqlAuthority(database, uses), changes)
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

from sqlalchemy import ColumnElement, exists, func, select

from karst_auth.known import Known
from karst_auth.model import Dataset, PublicRoot, ServiceTable
from karst_auth.records import known
from karst_auth.tokens import find_token, may_be_token
from karst_auth.uses import Uses
from karst_platform.cave.guard.authority import Freshness, token_hash
from karst_platform.relational import Relational

_LARGEST_ROOT = 2**63 - 1


class SqlAuthority:
    """Answers as the tables are now. Each method raises StoreUnavailableError where the database is away."""

    def __init__(self, database: Relational, uses: Uses, saw: Callable[[int, str], None] | None = None) -> None:
        """`saw` is told whose token was found, and the token."""
        self._database, self._uses, self._saw = database, uses, saw

    async def record(self, token: str, freshness: Freshness = Freshness.CACHED) -> Known | None:  # noqa: ARG002 - always anew
        """The user of a token; None where it is unknown, ended or revoked, or its user disabled."""
        if not may_be_token(token):
            return None
        async with self._database.begin() as session:
            found = await find_token(session, token_hash(token))
            user = await known(session, found.user_id) if found is not None else None
        if found is None or user is None or not user.is_active:
            return None
        self._uses.note(found)
        if self._saw is not None:
            self._saw(user.id, token)
        return replace(user, token=found)

    async def record_of_user(self, user_id: int) -> Known | None:
        """The record of a user or a service account."""
        async with self._database.begin() as session:
            return await known(session, user_id)

    async def dataset_of(
        self,
        namespace: str,
        table: str,
        freshness: Freshness = Freshness.CACHED,  # noqa: ARG002 - always anew
    ) -> str | None:
        """The dataset to which a table is mapped, by its exact name."""
        return (await self.datasets_of(namespace, [table])).get(table)

    async def datasets_of(self, namespace: str, tables: Collection[str]) -> Mapping[str, str]:
        """Datasets by table, in one query."""
        asked = [table for table in tables if "\0" not in table]
        if not asked or "\0" in namespace:
            return {}
        query = (
            select(ServiceTable.table_name, Dataset.name)
            .join(Dataset, Dataset.id == ServiceTable.dataset_id)
            .where(ServiceTable.service_name == namespace, ServiceTable.table_name.in_(asked))
        )
        async with self._database.begin() as session:
            return {row[0]: row[1] for row in await session.execute(query)}

    async def has_public(self, table: str) -> bool:
        """Whether any root of the table is public."""
        return "\0" not in table and await self._is_there(PublicRoot.table_id == table, PublicRoot.public.is_(True))

    async def is_public(self, table: str, root_id: int) -> bool:
        """Whether this root is public."""
        return await self.all_public(table, [root_id])

    async def all_public(self, table: str, root_ids: Collection[int]) -> bool:
        """Whether each of these roots is public; False for none."""
        asked = set(root_ids)
        if not asked or "\0" in table or not all(0 <= root <= _LARGEST_ROOT for root in asked):
            return False
        query = select(func.count()).where(
            PublicRoot.table_id == table, PublicRoot.public, PublicRoot.root_id == func.any(list(asked))
        )
        async with self._database.begin() as session:
            return await session.scalar(query) == len(asked)

    async def public_roots(self, table: str) -> list[int]:
        """All roots of a table that are public."""
        if "\0" in table:
            return []
        query = select(PublicRoot.root_id).where(PublicRoot.table_id == table, PublicRoot.public)
        async with self._database.begin() as session:
            return list(await session.scalars(query.order_by(PublicRoot.root_id)))

    async def _is_there(self, *conditions: ColumnElement[bool]) -> bool:
        async with self._database.begin() as session:
            return bool(await session.scalar(select(exists().where(*conditions))))
