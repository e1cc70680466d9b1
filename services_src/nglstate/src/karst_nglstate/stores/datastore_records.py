"""Records in Datastore: in the table that deployments have had for years, and in older ones to read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import UTC, datetime

from google.cloud.datastore_v1.types import datastore as protocol
from google.cloud.datastore_v1.types import entity as entities
from google.cloud.datastore_v1.types import query as queries
from google.protobuf.wrappers_pb2 import Int32Value

from karst_nglstate.record import LARGEST_NEW_ID, REPEATED, Column, Record, is_recent
from karst_nglstate.stores.datastore import CHECK_S, ConflictError, Datastore
from karst_nglstate.stores.entities import (
    KIND,
    POST_KIND,
    bucket_path_of,
    entity_of,
    post_entity,
    post_of_entity,
    record_of,
    timestamp,
)
from karst_nglstate.stores.records import Post, TakenError, post_of
from karst_platform.stores.documents import ContentionError

_ATTEMPTS = 8
_PAUSE_S = 0.05
_FORGET_AT_ONCE = 300
_COUNT_AT_ONCE = 500


class DatastoreRecords:
    """Keeps records in `table`; what it doesn't have is looked for in `older` tables, which only deletions change.

    `is_in_bucket` says that states stand in the bucket; what older services wrote down of it counts, too.
    """

    def __init__(self, datastore: Datastore, table: str, older: Iterable[str] = (), *, is_in_bucket: bool) -> None:
        self._datastore, self._table = datastore, table
        self._tables = tuple(dict.fromkeys((table, *older)))
        self._is_in_bucket = is_in_bucket

    async def bucket_path(self) -> str | None:
        """Where older services kept states outside of the database."""
        (config,) = await self._datastore.lookup(self._key(f"{self._table}_config", name="column"))
        return bucket_path_of(config.entity) if config is not None else None

    async def new_id(self) -> int:
        """An id of the database's choosing, which it never gives again."""
        for _ in range(_ATTEMPTS):
            found = await self._datastore.allocate(self._key(KIND))
            if found <= LARGEST_NEW_ID:
                return found
        raise ContentionError

    async def get(self, state_id: int, column: Column) -> Record | None:
        """The record behind an id, of the newest table that has one."""
        found = await self._found(state_id)
        records = (record_of(each, column, is_in_bucket=self._is_in_bucket) for each in found)
        return next((each for each in records if each is not None), None)

    async def has(self, state_id: int) -> bool:
        """Whether anything stands behind an id."""
        return bool(await self._found(state_id))

    async def posted(self, post: Post) -> int | None:
        """The id that the same post was given."""
        (found,) = await self._datastore.lookup(self._post_key(post))
        return _fresh(found)

    async def add(self, record: Record, *, is_chosen: bool) -> int:
        """Keep a new record, or find the post that came first; one commit, without locks."""
        insert = protocol.Mutation(insert=entity_of(record, self._key(KIND, state_id=record.id)))
        if is_chosen:
            try:
                await self._datastore.commit(insert)
            except ConflictError:
                raise TakenError from None
            return record.id
        post = post_of(record)
        for attempt in range(_ATTEMPTS):
            (before,) = await self._datastore.lookup(self._post_key(post))
            if (first := _fresh(before)) is not None:
                return first
            try:
                await self._datastore.commit(insert, self._remembering(post, record.id, before))
            except ConflictError:
                await asyncio.sleep(_PAUSE_S * attempt)
                continue
            return record.id
        raise ContentionError

    async def remove(self, record: Record) -> None:
        """Forget a record, and its post, so that the same content can be posted anew."""
        gone = [self._key(KIND, state_id=record.id, table=record.place)]
        if record.tag:
            (post,) = await self._datastore.lookup(self._post_key(post_of(record)))
            if post is not None and post_of_entity(post.entity)[0] == record.id:
                gone.append(post.entity.key)
        for attempt in range(_ATTEMPTS):
            try:
                await self._datastore.commit(*(protocol.Mutation(delete=key) for key in gone))
            except ConflictError:
                await asyncio.sleep(_PAUSE_S * attempt)
                continue
            return
        raise ContentionError

    async def count(self, reads: Mapping[tuple[str, int], int]) -> None:
        """Add to the counters, one record at a time, those that were read the most."""
        most = sorted(reads.items(), key=lambda each: -each[1])[:_COUNT_AT_ONCE]
        for (table, state_id), times in most:
            now = entities.Value(timestamp_value=timestamp(datetime.now(UTC)))
            key = self._key(KIND, state_id=state_id, table=table)
            more = protocol.PropertyTransform(property="access_counter", increment=entities.Value(integer_value=times))
            mutation = protocol.Mutation(
                update=entities.Entity(key=key, properties={"date_last": now}),
                property_mask=protocol.PropertyMask(paths=["date_last"]),
                property_transforms=[more],
            )
            try:
                await self._datastore.commit(mutation)
            except ConflictError:
                continue  # counted next time it is read

    async def forget_posts(self) -> None:
        """Forget old posts."""
        limit = datetime.now(UTC) - REPEATED
        query = queries.Query(
            kind=[queries.KindExpression(name=POST_KIND)],
            filter=queries.Filter(
                property_filter=queries.PropertyFilter(
                    property=queries.PropertyReference(name="at"),
                    op=queries.PropertyFilter.Operator.LESS_THAN,
                    value=entities.Value(timestamp_value=timestamp(limit)),
                )
            ),
            limit=Int32Value(value=_FORGET_AT_ONCE),
        )
        old = await self._datastore.query(self._table, query)
        if old:
            await self._datastore.commit(*(protocol.Mutation(delete=each.key) for each in old))

    async def everything(self) -> AsyncIterator[Record]:
        """All records of all tables, those of the newest table first; an id that several have counts once."""
        seen: set[int] = set()
        for table in self._tables:
            found = set[int]()
            async for entity in self._datastore.walk(table, KIND):
                state_id = int(entity.key.path[-1].id)
                for column in Column if state_id not in seen else ():
                    record = record_of(entity, column, is_in_bucket=self._is_in_bucket)
                    if record is not None:
                        yield record
                found.add(state_id)
            seen |= found

    async def check(self) -> None:
        """Ask for a sign of life."""
        await self._datastore.lookup(self._key(f"{self._table}_config", name="column"), timeout_s=CHECK_S)

    async def close(self) -> None:
        """Let connections go."""
        await self._datastore.close()

    async def _found(self, state_id: int) -> list[entities.Entity]:
        keys = (self._key(KIND, state_id=state_id, table=table) for table in self._tables)
        return [each.entity for each in await self._datastore.lookup(*keys) if each is not None]

    def _remembering(self, post: Post, state_id: int, before: queries.EntityResult | None) -> protocol.Mutation:
        entity = post_entity(state_id, datetime.now(UTC), self._post_key(post))
        if before is None:
            return protocol.Mutation(insert=entity)
        strategy = protocol.Mutation.ConflictResolutionStrategy.FAIL
        return protocol.Mutation(update=entity, base_version=before.version, conflict_resolution_strategy=strategy)

    def _post_key(self, post: Post) -> entities.Key:
        return self._key(POST_KIND, name=post.name)

    def _key(self, kind: str, *, state_id: int = 0, name: str = "", table: str = "") -> entities.Key:
        element = entities.Key.PathElement(kind=kind)
        if state_id:
            element.id = state_id
        elif name:
            element.name = name
        return entities.Key(partition_id=self._datastore.partition(table or self._table), path=[element])


def _fresh(found: queries.EntityResult | None) -> int | None:
    if found is None:
        return None
    state_id, moment = post_of_entity(found.entity)
    return state_id if is_recent(moment) else None
