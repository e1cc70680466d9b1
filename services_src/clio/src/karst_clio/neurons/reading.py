"""Reading annotations as of a version from documents: some bodies, all of them, or what fits a query.

They come with the store's own fields, as they are stored: `records.encode` leaves them out.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence

from karst_clio.neurons.as_of import FromStore, held
from karst_clio.neurons.plan import plan
from karst_clio.neurons.query import BodyQuery, Pattern
from karst_clio.neurons.records import BODY_ID
from karst_clio.neurons.revisions import Revision, head_path, is_head, read_head
from karst_clio.neurons.streams import stopping
from karst_platform.stores.documents import Document, Documents, Fields, Path, Query

_TOGETHER = 500


class Reader:
    """The bodies of one collection as of a version; without a version, as they are now."""

    def __init__(self, documents: Documents, collection: Path, version: int | None = None) -> None:
        self._documents, self._collection, self._version = documents, collection, version
        self._source = FromStore(documents)

    async def some(self, bodies: Iterable[int]) -> AsyncIterator[Fields]:
        """Those of some bodies that are there, in the order of the ids."""
        for part in _parts(list(bodies)):
            found = await self._documents.get_many([head_path(self._collection, body) for body in part if body > 0])
            for annotation in await self._as_of([document for document in found if document is not None]):
                yield annotation

    async def all(self, after: int | None = None) -> AsyncIterator[Fields]:
        """All, in order of their ids; memory doesn't grow with their number."""
        query = Query(collection=self._collection, order_by=BODY_ID, after_value=after)
        part: list[Document] = []
        async with stopping(self._documents.find(query)) as found:
            async for document in found:
                if document.fields.get("_head") is True:
                    part.append(document)
                if len(part) == _TOGETHER:
                    for annotation in await self._as_of(part):
                        yield annotation
                    part = []
        for annotation in await self._as_of(part):
            yield annotation

    async def fitting(self, query: BodyQuery) -> AsyncIterator[Fields]:
        """What fits a query: each body once where one pattern finds it, in no order."""
        async for annotation in self.some(query.bodies):
            yield annotation
        whole: list[Pattern] = []
        for pattern in query.patterns:
            async for annotation in self._by_pattern(pattern, whole):
                yield annotation
        if whole:
            async for annotation in self.all():
                if any(pattern.fits(annotation) for pattern in whole):
                    yield annotation

    async def history(self, body: int) -> list[Revision]:
        """All revisions of a body, newest first, with tombstones."""
        return await self._source.history(self._collection, body)

    async def _by_pattern(self, pattern: Pattern, whole: list[Pattern]) -> AsyncIterator[Fields]:
        """What fits a pattern, by its bodies or by the store's indexes; puts it on `whole` where neither helps."""
        if pattern.bodies is not None:
            candidates = self.some(pattern.bodies)
        elif (queries := plan(self._collection, pattern)) is None:
            whole.append(pattern)
            return
        else:
            candidates = self._found(queries)
        async for annotation in candidates:
            if pattern.fits(annotation):
                yield annotation

    async def _found(self, queries: Sequence[Query]) -> AsyncIterator[Fields]:
        """What queries find, each body once. As of a version, any revision that fits leads to its body."""
        seen: set[int] = set()
        for query in queries:
            new: list[int] = []
            async for document in self._documents.find(query):
                body = document.fields.get(BODY_ID)
                if not isinstance(body, int) or body in seen:
                    continue
                if self._version is not None:
                    seen.add(body)
                    new.append(body)
                elif document.fields.get("_head") is True:
                    seen.add(body)
                    if is_head(document):
                        yield document.fields
            async for annotation in self.some(new):
                yield annotation

    async def _as_of(self, documents: Sequence[Document]) -> list[Fields]:
        """What held of heads' documents, without bodies that were not there."""
        if self._version is None:
            return [each.fields for each in documents if each.fields.get("_deleted") is not True]
        heads = [read_head(document.fields) for document in documents]
        revisions = await held(self._source, self._collection, heads, self._version)
        return [each.annotation for each in revisions if each is not None and not each.is_deleted]


def _parts(items: Sequence[int]) -> Iterable[Sequence[int]]:
    return (items[start : start + _TOGETHER] for start in range(0, len(items), _TOGETHER))
