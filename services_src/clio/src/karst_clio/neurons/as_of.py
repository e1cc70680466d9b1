"""What held as of a version: the head where it is old enough, else one of the older revisions."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Protocol

from karst_clio.neurons.records import BODY_ID
from karst_clio.neurons.revisions import Head, Revision, newest, read_revision
from karst_platform.stores.documents import Document, Documents, Path, Query, Transaction


class Source(Protocol):
    """Where documents are read: the store, or a transaction."""

    def get_many(self, paths: Sequence[Path]) -> Awaitable[list[Document | None]]:
        """Documents in the order of their paths, None for each that isn't there."""
        ...

    def history(self, collection: Path, body: int) -> Awaitable[list[Revision]]:
        """All revisions of a body."""
        ...


class FromStore:
    """Reads from the store."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    async def get_many(self, paths: Sequence[Path]) -> list[Document | None]:
        """Documents in the order of their paths, None for each that isn't there."""
        return await self._documents.get_many(paths)

    async def history(self, collection: Path, body: int) -> list[Revision]:
        """All revisions of a body, newest first, with tombstones."""
        return _in_order([found async for found in self._documents.find(_query(collection, body))])


class FromTransaction:
    """Reads within a transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def get_many(self, paths: Sequence[Path]) -> list[Document | None]:
        """Documents in the order of their paths, None for each that isn't there."""
        return await self._transaction.get_many(paths)

    async def history(self, collection: Path, body: int) -> list[Revision]:
        """All revisions of a body, newest first, with tombstones."""
        return _in_order(await self._transaction.find(_query(collection, body)))


async def held(source: Source, collection: Path, heads: Sequence[Head | None], version: int) -> list[Revision | None]:
    """For each head what held as of a version, tombstones included; None where there was nothing yet."""
    places = [None if head is None or _is_enough(head, version) else head.as_of(version) for head in heads]
    names = [each.name for each in places if each is not None]
    documents = iter(await source.get_many([(*collection, name) for name in names]) if names else ())
    result: list[Revision | None] = []
    for head, place in zip(heads, places, strict=True):
        archived = None if place is None else next(documents)
        if head is None or _is_enough(head, version):
            result.append(None if head is None else head.revision)
        elif archived is not None:
            result.append(read_revision(archived.fields))
        else:
            result.append(await _unlisted(source, collection, head, version))
    return result


def _is_enough(head: Head, version: int) -> bool:
    return head.revision.version <= version


async def _unlisted(source: Source, collection: Path, head: Head, version: int) -> Revision | None:
    body = head.revision.annotation.get(BODY_ID)
    if not head.is_cut or not isinstance(body, int):
        return None
    return newest(await source.history(collection, body), version)


def _query(collection: Path, body: int) -> Query:
    return Query(collection=collection, equals=((BODY_ID, body),))


def _in_order(documents: Sequence[Document]) -> list[Revision]:
    revisions = [read_revision(document.fields) for document in documents]
    return sorted(revisions, key=lambda each: each.order, reverse=True)
