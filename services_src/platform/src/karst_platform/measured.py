"""A store of documents whose operations are timed and whose failures are counted (`metrics`)."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Generator, Sequence
from contextlib import contextmanager

from karst_platform.metrics import STORE_DURATION, STORE_FAILURES
from karst_platform.stores.documents import Document, Documents, Path, Query, Result, Transaction, Write


class MeasuredDocuments:
    """Passes everything on to `inner`. A stream counts until it ends, so it tells its reader's pace too."""

    def __init__(self, inner: Documents, store: str) -> None:
        self._inner, self._store = inner, store

    async def get(self, path: Path) -> Document | None:
        """The document, or None."""
        with self._measure("get"):
            return await self._inner.get(path)

    async def get_many(self, paths: Sequence[Path]) -> list[Document | None]:
        """Documents in the order of their paths, None for each that isn't there."""
        with self._measure("get_many"):
            return await self._inner.get_many(paths)

    async def find(self, query: Query) -> AsyncIterator[Document]:
        """What the query finds, streamed."""
        found = self._inner.find(query)
        with self._measure("find"):
            try:
                async for document in found:
                    yield document
            finally:
                if isinstance(found, AsyncGenerator):
                    await found.aclose()

    async def write(self, *changes: Write) -> None:
        """Write in as few commits as the store allows."""
        with self._measure("write"):
            await self._inner.write(*changes)

    async def children(self, path: Path) -> list[str]:
        """Names of the collections below a document, or ids of the documents of a collection."""
        with self._measure("children"):
            return await self._inner.children(path)

    async def in_transaction(self, work: Callable[[Transaction], Awaitable[Result]]) -> Result:
        """Run `work` until nobody else changed what it read."""
        with self._measure("in_transaction"):
            return await self._inner.in_transaction(work)

    async def check(self) -> None:
        """Ask the store for a sign of life."""
        with self._measure("check"):
            await self._inner.check()

    async def close(self) -> None:
        """Let connections go."""
        await self._inner.close()

    @contextmanager
    def _measure(self, operation: str) -> Generator[None]:
        begin_s = time.perf_counter()
        try:
            yield
        except Exception as error:
            STORE_FAILURES.labels(self._store, operation, type(error).__name__).inc()
            raise
        finally:
            STORE_DURATION.labels(self._store, operation).observe(time.perf_counter() - begin_s)
