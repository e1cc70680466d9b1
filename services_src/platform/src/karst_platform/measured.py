"""A store of documents whose operations have a limit, are timed, and whose failures are counted (`metrics`)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager

from karst_platform.metrics import STORE_DURATION, STORE_FAILURES
from karst_platform.stores.documents import (
    Document,
    Documents,
    Path,
    Query,
    Result,
    StoreUnavailableError,
    Transaction,
    Write,
)

_SHARE_OF_HANDLER = 0.8
"""What of a handler's time a store may take; giving an operation up takes PostgreSQL some seconds, too."""


def store_limit_s(handler_timeout_s: float) -> float:
    """How long a store may say nothing, so that the handler can still tell the client to come back."""
    return _SHARE_OF_HANDLER * handler_timeout_s


class MeasuredDocuments:
    """Passes everything on to `inner`, and gives up with `StoreUnavailableError` what takes longer than `limit_s`.

    A stream counts until it ends, so it tells its reader's pace too; its limit holds for the first document.
    """

    def __init__(self, inner: Documents, store: str, *, limit_s: float | None = None) -> None:
        self._inner, self._store, self._limit_s = inner, store, limit_s

    async def get(self, path: Path) -> Document | None:
        """The document, or None."""
        async with self._under_way("get"):
            return await self._inner.get(path)

    async def get_many(self, paths: Sequence[Path]) -> list[Document | None]:
        """Documents in the order of their paths, None for each that isn't there."""
        async with self._under_way("get_many"):
            return await self._inner.get_many(paths)

    async def find(self, query: Query) -> AsyncIterator[Document]:
        """What the query finds, streamed."""
        found = aiter(self._inner.find(query))
        with self._measure("find"):
            try:
                async with self._limit():
                    first = await anext(found, None)
                if first is not None:
                    yield first
                async for document in found:
                    yield document
            finally:
                if isinstance(found, AsyncGenerator):
                    await found.aclose()

    async def write(self, *changes: Write) -> None:
        """Write in as few commits as the store allows."""
        async with self._under_way("write"):
            await self._inner.write(*changes)

    async def children(self, path: Path) -> list[str]:
        """Names of the collections below a document, or ids of the documents of a collection."""
        async with self._under_way("children"):
            return await self._inner.children(path)

    async def in_transaction(self, work: Callable[[Transaction], Awaitable[Result]]) -> Result:
        """Run `work` until nobody else changed what it read."""
        async with self._under_way("in_transaction"):
            return await self._inner.in_transaction(work)

    async def check(self) -> None:
        """Ask the store for a sign of life."""
        async with self._under_way("check"):
            await self._inner.check()

    async def close(self) -> None:
        """Let connections go."""
        await self._inner.close()

    @asynccontextmanager
    async def _under_way(self, operation: str) -> AsyncGenerator[None]:
        with self._measure(operation):
            async with self._limit():
                yield

    @asynccontextmanager
    async def _limit(self) -> AsyncGenerator[None]:
        limit = asyncio.timeout(self._limit_s)
        try:
            async with limit:
                yield
        except TimeoutError:
            if not limit.expired():
                raise
            raise StoreUnavailableError(f"The store said nothing for {self._limit_s} s") from None

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
