"""Annotations of bodies in our own store: one document a body, its older revisions beside it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Sequence

import orjson

from karst_clio.neurons.as_of import FromTransaction, held
from karst_clio.neurons.engine import Asked
from karst_clio.neurons.field_names import FieldNames
from karst_clio.neurons.merge import Posting
from karst_clio.neurons.metadata import Versions
from karst_clio.neurons.portions import portions
from karst_clio.neurons.query import parse_query
from karst_clio.neurons.reading import Reader
from karst_clio.neurons.records import (
    BODY_ID,
    TIME_SUFFIX,
    USER_SUFFIX,
    WITHOUT_PAIR,
    encode,
    encode_with_origin,
    is_of_pair,
)
from karst_clio.neurons.revisions import Head, Revision, head_path, read_head
from karst_clio.neurons.streams import json_list, stopping
from karst_clio.neurons.writing import BodyWriter
from karst_platform.stores.documents import Documents, Fields, Json, Path, Transaction, Write
from karst_platform.stores.storable import check_write


class NativeEngine:
    """The annotations of one type in one dataset, in the layout that `revisions` describes."""

    def __init__(self, documents: Documents, kind: str, dataset: str, versions: Versions) -> None:
        self._documents, self._versions = documents, versions
        self._collection: Path = ("clio_annotations_global", kind, dataset)
        self._names = FieldNames(documents, kind, dataset)

    async def fields(self) -> list[str]:
        """Names of the fields that annotations have."""
        return list(self._versions.fields) if self._versions.fields is not None else await self._names.all()

    async def all(self, asked: Asked, *, after: int | None, size: int) -> AsyncIterator[bytes]:
        """Annotations in order of their body ids: those after an id, at most `size`."""

        async def records() -> AsyncIterator[bytes]:
            left = size
            async with stopping(self._reader(asked).all(after)) as found:
                async for annotation in found:
                    if left <= 0:
                        return
                    left -= 1
                    yield _answer(annotation, asked)

        async for part in json_list(records()):
            yield part

    async def keys(self, asked: Asked) -> AsyncIterator[bytes]:
        """Ids of all bodies as texts, in order of the numbers."""

        async def records() -> AsyncIterator[bytes]:
            async with stopping(self._reader(asked).all()) as found:
                async for annotation in found:
                    yield b'"%d"' % _body(annotation)

        async for part in json_list(records()):
            yield part

    async def bodies(self, ids: Sequence[int], asked: Asked) -> AsyncIterator[bytes]:
        """Annotations of some bodies, in the order asked for, without those that aren't there."""
        reader = self._reader(asked)

        async def records() -> AsyncIterator[bytes]:
            async for annotation in reader.some(dict.fromkeys(ids)):
                yield _answer(annotation, asked)

        async for part in json_list(records()):
            yield part

    async def query(self, query: Json, asked: Asked) -> AsyncIterator[bytes]:
        """Annotations that fit a query, in order of their body ids."""
        reader, wanted = self._reader(asked), parse_query(query)
        is_history = asked.is_with_history and not asked.is_only_ids
        # Of bodies that are named the history is shown when they are gone, too.
        found: dict[int, bytes] = dict.fromkeys(wanted.bodies, b"") if is_history else {}
        async for annotation in reader.fitting(wanted):
            body = annotation.get(BODY_ID)
            if isinstance(body, int) and body not in found:
                found[body] = b"" if is_history else _answer(annotation, asked)

        async def records() -> AsyncIterator[bytes]:
            for body in sorted(found):
                if is_history:
                    for revision in await reader.history(body):
                        yield encode_with_origin(_with_origin(revision), asked.show)
                else:
                    yield found[body]

        async for part in json_list(records()):
            yield part

    async def write(self, annotations: Sequence[Fields], posting: Posting, version: str) -> None:
        """Merge annotations into what is stored, each body's at once or not at all, in order.

        What no store can keep is refused before the first is written. After a failure in between, posting all again
        completes it and changes nothing twice.
        """
        number = self._versions.number(version)
        parts = await portions(
            annotations, lambda each: check_write(Write(path=head_path(self._collection, _body(each)), fields=each))
        )
        for part in parts:
            await self._documents.in_transaction(
                lambda transaction, part=part: self._post(transaction, part, posting, number)
            )
        await self._names.add(_names_after(annotations))

    async def delete(self, body: int, posting: Posting) -> None:
        """Take a body's annotation away; its history stays, ended by a tombstone."""
        if body <= 0:
            return

        async def work(transaction: Transaction) -> None:
            document = await transaction.get(head_path(self._collection, body))
            writer = BodyWriter(self._collection, body, None if document is None else read_head(document.fields))
            writer.delete(posting)
            transaction.write(*writer.changes)

        await self._documents.in_transaction(work)

    async def _post(
        self, transaction: Transaction, annotations: Sequence[Fields], posting: Posting, version: int | None
    ) -> None:
        by_body: dict[int, list[Fields]] = defaultdict(list)
        for each in annotations:
            by_body[_body(each)].append(each)
        documents = await transaction.get_many([head_path(self._collection, body) for body in by_body])
        heads = [None if document is None else read_head(document.fields) for document in documents]
        past = await self._past(transaction, heads, version)
        for (body, posted), head, revision in zip(by_body.items(), heads, past, strict=True):
            writer = BodyWriter(self._collection, body, head, version=version, past=revision)
            for each in posted:
                writer.post(each, posting)
            transaction.write(*writer.changes)

    async def _past(
        self, transaction: Transaction, heads: Sequence[Head | None], version: int | None
    ) -> Sequence[Revision | None]:
        if version is None:
            return [None] * len(heads)
        return await held(FromTransaction(transaction), self._collection, heads, version)

    def _reader(self, asked: Asked) -> Reader:
        return Reader(self._documents, self._collection, self._versions.as_of(asked.version))


def _answer(annotation: Fields, asked: Asked) -> bytes:
    return orjson.dumps(annotation[BODY_ID]) if asked.is_only_ids else encode(annotation, asked.show)


def _with_origin(revision: Revision) -> Fields:
    own = revision.fields(is_head=False)
    del own["_head"]
    return own


def _body(annotation: Fields) -> int:
    body = annotation[BODY_ID]
    if not isinstance(body, int):
        raise TypeError(f"{BODY_ID} is {body!r}")  # `postings` lets none through
    return body


def _names_after(annotations: Sequence[Fields]) -> set[str]:
    names = {name for each in annotations for name in each}
    noted = [name for name in names - WITHOUT_PAIR if not is_of_pair(name)]
    return names | {name + end for name in noted for end in (USER_SUFFIX, TIME_SUFFIX)}
