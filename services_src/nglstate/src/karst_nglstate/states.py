"""Keeps and finds states and properties: records in one store, contents with them or in a bucket.

A content is written before its record, and a record is removed before its content: whatever happens in between, nobody
finds half of one.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime

from karst_nglstate.bodies import Posted, tag_of, too_large
from karst_nglstate.contents import Contents, object_key
from karst_nglstate.encodings import inflated
from karst_nglstate.reads import Reads
from karst_nglstate.record import Column, Record, Visibility
from karst_nglstate.stores.records import Post, Records, TakenError
from karst_platform.cave.errors import CaveError
from karst_platform.stores.documents import StoreUnavailableError

_log = logging.getLogger(__name__)


class States:
    """All states and properties.

    `inline_bytes` is how large a stream may be that stands with its record, by column, where there is a bucket too;
    `largest_inline_bytes` where there is none.
    """

    def __init__(
        self, records: Records, contents: Contents, *, inline_bytes: dict[Column, int], largest_inline_bytes: int
    ) -> None:
        self.records, self._contents = records, contents
        self.reads = Reads(records)
        self._inline_bytes, self._largest_inline_bytes = inline_bytes, largest_inline_bytes

    async def post(
        self, column: Column, posted: Posted, user_id: str, visibility: Visibility = Visibility.SHARED
    ) -> int:
        """Keep a content, and return its id: the one that it has already if the same user has just posted it."""
        post = Post(column=column, user_id=user_id, tag=posted.tag, visibility=visibility)
        known = await self.records.posted(post)
        if known is not None:
            return known
        record = self._new(
            Record(
                id=await self.records.new_id(),
                column=column,
                user_id=user_id,
                created=datetime.now(UTC),
                visibility=visibility,
            ),
            posted,
            is_chosen=False,
        )
        await self._put(record, posted)
        try:
            kept = await self.records.add(record, is_chosen=False)
        except TakenError:
            return await self.post(column, posted, user_id, visibility)
        if kept != record.id:
            await self._forget(record)
        self._tell(record, kept)
        return kept

    async def post_as(self, wanted: Record, posted: Posted) -> None:
        """Keep a content below the id that somebody chose. Raises CaveError, 409, where it has another one."""
        record = self._new(wanted, posted, is_chosen=True)
        if await self._is_there(record):
            return
        await self._put(record, posted)
        try:
            await self.records.add(record, is_chosen=True)
        except TakenError:
            if not await self._is_there(record):
                raise
            return
        self._tell(record, record.id)

    async def find(self, column: Column, state_id: int) -> Record:
        """What is known of a state. Raises CaveError, 404."""
        record = await self.records.get(state_id, column)
        if record is None:
            raise not_found(column, state_id)
        return record

    @asynccontextmanager
    async def reading(
        self, column: Column, state_id: int, refuse: Callable[[Record], Awaitable[None]]
    ) -> AsyncGenerator[tuple[Record, bytes]]:
        """A record and its zlib stream. Raises CaveError, 404, and what `refuse` does where it isn't the reader's."""
        record = await self.find(column, state_id)
        await refuse(record)
        async with self._contents.reading(record) as stream:
            if stream is None:
                if record.tag:
                    _log.error("the content of %d is gone", state_id)
                raise not_found(column, state_id)
            self.reads.note(record)
            yield record, stream

    async def restore(self, record: Record, posted: Posted) -> bool:
        """Keep what another store had, as it was there; False where it is here already. Raises CaveError, 409."""
        there = await self.records.get(record.id, record.column)
        if there is not None:
            async with self._contents.reading(there) as stream:
                if stream is not None and tag_of(b"".join(inflated(stream))) == posted.tag:
                    return False
        made = self._new(record, posted, is_chosen=False)
        if there is not None or await self.records.has(record.id):
            raise CaveError(409, "conflict", f"Something else stands behind {record.id} already.")
        await self._put(made, posted)
        await self.records.add(made, is_chosen=True)
        return True

    async def content(self, record: Record) -> bytes | None:
        """The text of a record; None where nothing has it. Raises BrokenContentError."""
        async with self._contents.reading(record) as stream:
            return b"".join(inflated(stream)) if stream is not None else None

    async def delete(self, column: Column, state_id: int) -> None:
        """Delete a state. Raises CaveError, 404."""
        record = await self.find(column, state_id)
        await self.records.remove(record)
        await self._forget(record)

    def _new(self, wanted: Record, posted: Posted, *, is_chosen: bool) -> Record:
        """A record with its content, or where this will stand."""
        record = replace(wanted, tag=posted.tag, size_bytes=posted.size_bytes)
        if not self._contents.has_bucket:
            if len(posted.stream) > self._largest_inline_bytes:
                raise too_large(
                    f"Without a bucket, {self._largest_inline_bytes} compressed bytes are kept at the most."
                )
            return replace(record, inline=posted.stream)
        if len(posted.stream) <= self._inline_bytes.get(record.column, 0):
            return replace(record, inline=posted.stream)
        return replace(record, object_key=object_key(record.column, record.id, posted.tag, is_chosen=is_chosen))

    async def _put(self, record: Record, posted: Posted) -> None:
        if record.object_key is not None:
            await self._contents.put(record, posted.stream)

    async def _is_there(self, record: Record) -> bool:
        """Whether this very record was kept a moment ago. Raises CaveError, 409, where another one has its id."""
        if not await self.records.has(record.id):
            return False
        there = await self.records.get(record.id, record.column)
        if there is None or not there.is_repeated_by(record):
            raise CaveError(409, "conflict", f"Something else stands behind {record.id} already.")
        return True

    async def _forget(self, record: Record) -> None:
        """Delete a content that no record leads to; where that fails it takes up some place, and nothing else."""
        try:
            await self._contents.delete(record)
        except StoreUnavailableError as error:
            _log.warning("the content of %d takes up place: %s", record.id, error)

    def _tell(self, record: Record, kept: int) -> None:
        fields = {"state": kept, "column": record.column.value, "bytes": record.size_bytes, "user_id": record.user_id}
        _log.info("posted", extra={"fields": fields})


def not_found(column: Column, state_id: int) -> CaveError:
    """The answer about what isn't there."""
    named = "is no state" if column is Column.STATE else "are no properties"
    return CaveError(404, "not_found", f"There {named} {state_id}.")
