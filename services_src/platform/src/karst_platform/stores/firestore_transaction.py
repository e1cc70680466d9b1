"""Transactions of Firestore without waiting for each other: read first, and let the commit fail if that changed.

All reads see the moment of the first. The commit demands that documents that were read and are written are as they
were; what was read only is read again, in a transaction of Firestore's, just before. So locks stand for two calls, not
while the work is done, and of many writers of one document one always succeeds at once.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from google.api_core import exceptions
from google.cloud.firestore_v1.types import firestore as protocol

from karst_platform.stores.documents import Document, Path, Query, Write
from karst_platform.stores.firestore import RETRY, TIMEOUT_S, ConflictingError, Firestore, translated
from karst_platform.stores.firestore_messages import Moment, commit_of, writes_of
from karst_platform.stores.firestore_reads import document_of, read, search
from karst_platform.stores.firestore_values import Message
from karst_platform.stores.storable import check_query, check_write

_ROLLBACK_S = 2.0


class FirestoreTransaction:
    """What one attempt read and wants to write."""

    def __init__(self, firestore: Firestore, touched: set[Path]) -> None:
        self._firestore = firestore
        self._touched = touched
        self._moment = Moment()
        self._read: dict[Path, Message | None] = {}
        self._found: list[tuple[Query, list[Message]]] = []
        self._changes: list[Write] = []

    async def get(self, path: Path) -> Document | None:
        """The document, or None."""
        return (await self.get_many((path,)))[0]

    async def get_many(self, paths: Sequence[Path]) -> list[Document | None]:
        """Documents in the order of their paths, None for each that isn't there."""
        self._refuse_late_read()
        self._touched.update(paths)
        with translated():
            messages, self._moment = await read(self._firestore, paths, self._moment)
        self._read.update(zip(paths, messages, strict=True))
        return [None if message is None else document_of(self._firestore, message) for message in messages]

    async def find(self, query: Query) -> list[Document]:
        """What the query finds."""
        self._refuse_late_read()
        check_query(query)
        self._touched.add(query.collection)
        with translated():
            messages, self._moment = await search(self._firestore, query, self._moment)
        self._found.append((query, messages))
        return [document_of(self._firestore, message) for message in messages]

    def write(self, *changes: Write) -> None:
        """Add changes; they take effect when the transaction ends."""
        for change in changes:
            check_write(change)
        self._changes += changes
        self._touched.update(change.path for change in changes)

    async def commit(self) -> None:
        """Write if nothing changed that was read; raise `ConflictingError` otherwise."""
        if not self._changes:
            return  # it saw one moment, which is all that was promised
        writes = writes_of(self._firestore, self._changes, self._read)
        written = {change.path for change in self._changes}
        unwritten = [path for path in self._read if path not in written]
        if not unwritten and not self._found:
            await commit(self._firestore, writes, b"", is_conditional=True)
            return
        client, metadata = self._firestore.client(), self._firestore.metadata
        with translated():
            request = protocol.BeginTransactionRequest(database=self._firestore.database)
            begun = await client.begin_transaction(request, retry=RETRY, timeout=TIMEOUT_S, metadata=metadata)
        try:
            await self._compare(unwritten, Moment(transaction=begun.transaction))
            await commit(self._firestore, writes, begun.transaction, is_conditional=True)
        except BaseException:
            # Locks would stand until the server forgets the transaction; where this fails, it does.
            with contextlib.suppress(exceptions.GoogleAPICallError):
                request = protocol.RollbackRequest(database=self._firestore.database, transaction=begun.transaction)
                await client.rollback(request, timeout=_ROLLBACK_S, metadata=metadata)
            raise

    async def _compare(self, unwritten: Sequence[Path], moment: Moment) -> None:
        with translated():
            now, _ = await read(self._firestore, unwritten, moment)
            is_same = [_version(message) for message in now] == [_version(self._read[path]) for path in unwritten]
            for query, before in self._found if is_same else ():
                found, _ = await search(self._firestore, query, moment)
                is_same = is_same and [_version(message) for message in found] == [_version(old) for old in before]
        if not is_same:
            raise ConflictingError("others changed what was read")

    def _refuse_late_read(self) -> None:
        if self._changes:
            raise RuntimeError("In a transaction all reads come before the first write")


async def commit(
    firestore: Firestore, writes: Sequence[Message], transaction: bytes = b"", *, is_conditional: bool = False
) -> None:
    """Send one commit; a conditional one only once, for after a lost answer nobody knows whether it happened."""
    request = commit_of(firestore, writes, transaction)
    retry = None if is_conditional else RETRY
    with translated():
        try:
            await firestore.client().commit(request, retry=retry, timeout=TIMEOUT_S, metadata=firestore.metadata)
        except (exceptions.FailedPrecondition, exceptions.AlreadyExists, exceptions.NotFound) as error:
            if not is_conditional:
                raise
            raise ConflictingError(error.message) from None


def _version(message: Message | None) -> object:
    return None if message is None else (message.name, message.update_time.seconds, message.update_time.nanos)
