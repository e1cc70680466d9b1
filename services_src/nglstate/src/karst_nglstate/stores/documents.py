"""Records in a store of documents, as PostgreSQL is one; contents stand among the objects."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import cast

from karst_nglstate.record import LARGEST_NEW_ID, REPEATED, Column, Record, Visibility, is_recent
from karst_nglstate.stores.records import Post, TakenError, post_of
from karst_platform.stores.documents import Document, Documents, Fields, Path, Query, Transaction, Write

STATES, POSTS = "nglstate_states", "nglstate_posts"
_SMALLEST_NEW_ID = 10**15  # sixteen digits, as ids have always had
_FORGET_AT_ONCE = 500
_COUNT_AT_ONCE = 100


class DocumentRecords:
    """Keeps each record as a document; transactions see to it that an id, and a post, is given once."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    async def new_id(self) -> int:
        """An id by chance: `add` sees to it that nobody has it."""
        return _SMALLEST_NEW_ID + secrets.randbelow(LARGEST_NEW_ID - _SMALLEST_NEW_ID + 1)

    async def get(self, state_id: int, column: Column) -> Record | None:
        """The record behind an id."""
        found = await self._documents.get(_path(state_id))
        record = _record(found) if found is not None else None
        return record if record is not None and record.column is column else None

    async def has(self, state_id: int) -> bool:
        """Whether anything stands behind an id."""
        return await self._documents.get(_path(state_id)) is not None

    async def posted(self, post: Post) -> int | None:
        """The id that the same post was given."""
        return _fresh(await self._documents.get((POSTS, post.name)))

    async def add(self, record: Record, *, is_chosen: bool) -> int:
        """Keep a new record, or find the post that came first."""
        path, post = _path(record.id), (POSTS, post_of(record).name)

        async def work(transaction: Transaction) -> int:
            there, before = await transaction.get_many((path, post))
            if not is_chosen and (first := _fresh(before)) is not None:
                return first
            if there is not None:
                raise TakenError
            transaction.write(Write(path=path, fields=_fields(record)))
            if not is_chosen:
                transaction.write(Write(path=post, fields={"id": record.id, "at": _now_s()}))
            return record.id

        return await self._documents.in_transaction(work)

    async def remove(self, record: Record) -> None:
        """Forget a record, and its post, so that the same content can be posted anew."""
        path, post = _path(record.id), (POSTS, post_of(record).name)

        async def work(transaction: Transaction) -> None:
            _, before = await transaction.get_many((path, post))
            transaction.write(Write(path=path, fields=None))
            if before is not None and before.fields.get("id") == record.id:
                transaction.write(Write(path=post, fields=None))

        await self._documents.in_transaction(work)

    async def count(self, reads: Mapping[tuple[str, int], int]) -> None:
        """Add to the counters, a hundred records at a time."""
        ids = [state_id for _, state_id in reads]
        for start in range(0, len(ids), _COUNT_AT_ONCE):
            await self._count({state_id: reads["", state_id] for state_id in ids[start : start + _COUNT_AT_ONCE]})

    async def forget_posts(self) -> None:
        """Forget old posts, those of the longest time ago first."""
        limit_s = _now_s() - REPEATED.total_seconds()
        query = Query(collection=(POSTS,), order_by="at", limit=_FORGET_AT_ONCE)
        old = [each.path async for each in self._documents.find(query) if _number(each.fields["at"]) < limit_s]
        await self._documents.write(*(Write(path=path, fields=None) for path in old))

    async def everything(self) -> AsyncIterator[Record]:
        """All records, in order of their ids as text."""
        async for document in self._documents.find(Query(collection=(STATES,))):
            yield _record(document)

    async def check(self) -> None:
        """Ask the store for a sign of life."""
        await self._documents.check()

    async def close(self) -> None:
        """Let connections go."""
        await self._documents.close()

    async def _count(self, reads: Mapping[int, int]) -> None:
        async def work(transaction: Transaction) -> None:
            found = await transaction.get_many([_path(state_id) for state_id in reads])
            for document, times in zip(found, reads.values(), strict=True):
                if document is not None:
                    reads_now = int(_number(document.fields["reads"])) + times
                    fields = {**document.fields, "reads": reads_now, "read_at": _now_s()}
                    transaction.write(Write(path=document.path, fields=fields))

        await self._documents.in_transaction(work)
        await asyncio.sleep(0)


def _path(state_id: int) -> Path:
    return (STATES, str(state_id))


def _fields(record: Record) -> Fields:
    created_s = record.created.timestamp()
    return {
        "column": record.column.value,
        "user_id": record.user_id,
        "created_at": created_s,
        "read_at": created_s,
        "reads": 1,
        "tag": record.tag,
        "size_bytes": record.size_bytes,
        "object_key": record.object_key,
        "visibility": record.visibility.value,
    }


def _record(document: Document) -> Record:
    fields = document.fields
    size = fields["size_bytes"]
    return Record(
        id=int(document.id),
        column=Column(str(fields["column"])),
        user_id=str(fields["user_id"]),
        created=datetime.fromtimestamp(_number(fields["created_at"]), UTC),
        tag=str(fields["tag"]),
        size_bytes=None if size is None else int(_number(size)),
        object_key=str(fields["object_key"]),
        visibility=Visibility(str(fields.get("visibility", Visibility.SHARED))),
    )


def _fresh(document: Document | None) -> int | None:
    if document is None or not is_recent(datetime.fromtimestamp(_number(document.fields["at"]), UTC)):
        return None
    return int(_number(document.fields["id"]))


def _number(value: object) -> float:
    return cast("float", value)


def _now_s() -> float:
    return datetime.now(UTC).timestamp()
