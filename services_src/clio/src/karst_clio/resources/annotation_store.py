"""Annotations in the store: `clio_annotations_v2/{dataset}/{e-mail}/{key}`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from karst_clio.resources.annotation_model import merged, shown
from karst_clio.resources.ids import can_exist
from karst_platform.stores.documents import Documents, Fields, Json, Path, Query, Transaction, Write
from karst_platform.stores.storable import check_write

ROOT = "clio_annotations_v2"
_BATCH_DOCUMENTS = 2000
_BATCH_BYTES = 4 << 20
_USERS_AT_A_TIME = 8


@dataclass(frozen=True, kw_only=True)
class Writing:
    """How annotations are written."""

    is_replacing: bool
    kept: frozenset[str]
    """Fields that keep a stored value, where annotations are merged."""
    moved: Path | None = None
    """An annotation that ends where this one begins."""


class Annotations:
    """The annotations of all users."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    async def of_users(self, dataset: str, users: Iterable[str]) -> list[dict[str, Json]]:
        """All annotations of some users, in order of users and keys."""
        turns = asyncio.Semaphore(_USERS_AT_A_TIME)

        async def of_user(user: str) -> list[dict[str, Json]]:
            collection = (ROOT, dataset, user)
            if not can_exist(collection):
                return []
            async with turns:
                return [shown(user, each) async for each in self._documents.find(Query(collection=collection))]

        return [each for some in await asyncio.gather(*map(of_user, sorted(users))) for each in some]

    async def write(self, new: Sequence[tuple[Path, Fields]], writing: Writing) -> None:
        """Write annotations, later ones over earlier ones of the same path; nothing where one can't be kept."""
        changes = [Write(path=path, fields=fields) for path, fields in new]
        if writing.moved is None and writing.is_replacing:
            await self._documents.write(*changes)
            return
        sizes = list(map(check_write, changes))
        for batch in _batches(new, sizes):

            async def work(transaction: Transaction, batch: Sequence[tuple[Path, Fields]] = batch) -> None:
                await _write(transaction, batch, writing)

            await self._documents.in_transaction(work)

    async def remove(self, path: Path) -> None:
        """Remove an annotation; one that isn't there stays so."""
        if can_exist(path):
            await self._documents.write(Write(path=path, fields=None))


async def _write(transaction: Transaction, batch: Sequence[tuple[Path, Fields]], writing: Writing) -> None:
    new: dict[Path, Fields | None] = {}
    if not writing.is_replacing:
        paths = list(dict.fromkeys(path for path, _ in batch))
        stored = await transaction.get_many(paths)
        new |= {path: None if each is None else each.fields for path, each in zip(paths, stored, strict=True)}
    for path, fields in batch:
        new[path] = fields if writing.is_replacing else merged(new[path], fields, writing.kept)
    changes = [Write(path=path, fields=fields) for path, fields in new.items()]
    if writing.moved is not None and writing.moved not in new:
        changes.append(Write(path=writing.moved, fields=None))
    transaction.write(*changes)


def _batches(new: Sequence[tuple[Path, Fields]], sizes: Sequence[int]) -> Iterator[Sequence[tuple[Path, Fields]]]:
    """Parts that one commit can take: a store's limit is 10 MiB, and what is merged may be larger than what is sent."""
    start, size = 0, 0
    for place, each in enumerate(sizes):
        if place > start and (size + each > _BATCH_BYTES or place - start >= _BATCH_DOCUMENTS):
            yield new[start:place]
            start, size = place, 0
        size += each
    if start < len(new):
        yield new[start:]
