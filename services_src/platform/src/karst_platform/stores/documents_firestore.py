"""Documents in Firestore (native mode), by its protocol's own messages.

A document of ours is one of Firestore's at the same path, so that other programs can share the database. Large writes
need several commits, each within Firestore's limit of 10 MiB. A query by several fields or in order of a field needs an
index there, other than equality in order of ids.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TypeVar

from google.cloud.firestore_v1.types import firestore as protocol

from karst_platform.stores.documents import (
    Document,
    Path,
    Query,
    StoreUnavailableError,
    Transaction,
    UnstorableError,
    Write,
)
from karst_platform.stores.firestore import (
    RETRY,
    TIMEOUT_S,
    ConflictingError,
    Firestore,
    FirestoreSettings,
    translated,
)
from karst_platform.stores.firestore_messages import Moment, page_of, writes_of
from karst_platform.stores.firestore_reads import document_of, has_elements, read
from karst_platform.stores.firestore_transaction import FirestoreTransaction, commit
from karst_platform.stores.firestore_values import Message
from karst_platform.stores.storable import check_path, check_query, check_write
from karst_platform.stores.turns import ConflictError, Turns

__all__ = ["FirestoreDocuments", "FirestoreSettings"]

Result = TypeVar("Result")
_PAGE = 2000
_CHECK_S = 2.0
_TOO_MUCH_AT_ONCE = re.compile(r"too big|maximum|exceeds")


class FirestoreDocuments:
    """A store of documents in one database. Belongs to the event loop in which it is used first."""

    def __init__(self, settings: FirestoreSettings) -> None:
        self._firestore = Firestore(settings)
        self._turns = Turns()

    async def get(self, path: Path) -> Document | None:
        """The document, or None."""
        return (await self.get_many((path,)))[0]

    async def get_many(self, paths: Sequence[Path]) -> list[Document | None]:
        """Documents in the order of their paths, None for each that isn't there."""
        with translated():
            messages, _ = await read(self._firestore, paths, Moment())
        return [None if message is None else document_of(self._firestore, message) for message in messages]

    async def find(self, query: Query) -> AsyncIterator[Document]:
        """What the query finds, as it was at the start, streamed in pages."""
        check_query(query)
        last: Message | None = None
        moment = Moment()
        left = query.limit
        while left is None or left > 0:
            # Of what Firestore finds by one list not all may fit the others.
            size = _PAGE if left is None or len(query.contains) > 1 else min(left, _PAGE)
            count = 0
            with translated():
                request = page_of(self._firestore, query, size=size, after=last, moment=moment)
                async for response in await self._firestore.client().run_query(
                    request, retry=RETRY, timeout=TIMEOUT_S, metadata=self._firestore.metadata
                ):
                    message = protocol.RunQueryResponse.pb(response)
                    moment = moment.or_of(message)
                    if message.HasField("document"):
                        count, last = count + 1, message.document
                        if has_elements(query, last):
                            yield document_of(self._firestore, last)
                            left = None if left is None else left - 1
                            if left == 0:
                                return
            if count < size:
                return

    async def write(self, *changes: Write) -> None:
        """Write in commits of up to 10 MiB, each whole or not at all. Of changes to one path the last wins.

        Raises `UnstorableError` before the first commit.
        """
        for change in changes:
            check_write(change)
        for part in _parts(writes_of(self._firestore, changes), self._firestore.commit_bytes):
            await self._write_part(part)

    async def children(self, path: Path) -> list[str]:
        """Names of the collections below a document, or ids of the documents of a collection, in order."""
        check_path(path)
        parent = self._firestore.name(path[:-1] if len(path) % 2 else path)
        client, metadata = self._firestore.client(), self._firestore.metadata
        with translated():
            if len(path) % 2 == 0:
                request = protocol.ListCollectionIdsRequest(parent=parent, page_size=1000)
                pager = await client.list_collection_ids(request, retry=RETRY, timeout=TIMEOUT_S, metadata=metadata)
                return sorted([name async for name in pager])
            request = protocol.ListDocumentsRequest(
                parent=parent,
                collection_id=path[-1],
                page_size=1000,
                mask={"field_paths": ["__name__"]},
                show_missing=True,
            )
            pager = await client.list_documents(request, retry=RETRY, timeout=TIMEOUT_S, metadata=metadata)
            return sorted([found.name.rsplit("/", 1)[1] async for found in pager])

    async def in_transaction(self, work: Callable[[Transaction], Awaitable[Result]]) -> Result:
        """Run `work`, again where others changed what it read, and return what it returns."""

        async def attempt() -> Result:
            touched: set[Path] = set()
            transaction = FirestoreTransaction(self._firestore, touched)
            try:
                result = await work(transaction)
                await transaction.commit()
            except ConflictingError:
                raise ConflictError(touched) from None
            return result

        return await self._turns.repeat(attempt)

    async def check(self) -> None:
        """Ask the store for a sign of life, quickly."""
        try:
            async with asyncio.timeout(_CHECK_S):
                await self.get(("karst", "alive"))
        except TimeoutError:
            raise StoreUnavailableError("Firestore took too long") from None

    async def close(self) -> None:
        """Let connections go."""
        await self._firestore.close()

    async def _write_part(self, writes: Sequence[Message]) -> None:
        async def attempt() -> None:
            try:
                await commit(self._firestore, writes)
            except ConflictingError:
                raise ConflictError(set()) from None

        try:
            await self._turns.repeat(attempt)
        except UnstorableError as error:
            if len(writes) == 1 or not _TOO_MUCH_AT_ONCE.search(str(error)):
                raise
            # Firestore counts index entries too, which only it knows.
            half = len(writes) // 2
            await self._write_part(writes[:half])
            await self._write_part(writes[half:])


def _parts(writes: Sequence[Message], limit: int) -> list[list[Message]]:
    parts: list[list[Message]] = []
    size = limit
    for write in writes:
        length = write.ByteSize()
        if size + length > limit:
            parts.append([])
            size = 0
        parts[-1].append(write)
        size += length
    return parts
