"""Documents in a dictionary: enough of a store for tests of what isn't about stores."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from karst_platform.stores.documents import Document, Fields, Path, Query, Result, Transaction, Write


class MemoryDocuments:
    """A store without concurrency: transactions run one after the other because nothing in them waits."""

    def __init__(self, documents: dict[Path, Fields] | None = None) -> None:
        self.documents = dict(documents or {})
        self.reads = 0
        self.failure: Exception | None = None

    async def get(self, path: Path) -> Document | None:
        return (await self.get_many([path]))[0]

    async def get_many(self, paths: Sequence[Path]) -> list[Document | None]:
        self._use()
        found = [(path, self.documents.get(path)) for path in paths]
        return [None if fields is None else Document(path=path, fields=fields) for path, fields in found]

    async def find(self, query: Query) -> AsyncIterator[Document]:
        self._use()
        for path, fields in sorted(self.documents.items()):
            if path[:-1] != query.collection:
                continue
            has_equals = all(fields.get(name) == value for name, value in query.equals)
            has_elements = all(value in _list(fields.get(name)) for name, value in query.contains)
            if has_equals and has_elements:
                yield Document(path=path, fields=fields)

    async def write(self, *changes: Write) -> None:
        self._use()
        for change in changes:
            if change.fields is None:
                self.documents.pop(change.path, None)
            else:
                self.documents[change.path] = change.fields

    async def children(self, path: Path) -> list[str]:
        depth = len(path)
        return sorted({each[depth] for each in self.documents if each[:depth] == path and len(each) > depth})

    async def in_transaction(self, work: Callable[[Transaction], Awaitable[Result]]) -> Result:
        transaction = _Transaction(self)
        result = await work(transaction)
        await self.write(*transaction.changes)
        return result

    async def check(self) -> None:
        self._use()

    async def close(self) -> None:
        self.documents.clear()

    def _use(self) -> None:
        self.reads += 1
        if self.failure is not None:
            raise self.failure


class _Transaction:
    def __init__(self, store: MemoryDocuments) -> None:
        self._store = store
        self.changes: list[Write] = []

    async def get(self, path: Path) -> Document | None:
        return await self._store.get(path)

    async def get_many(self, paths: Sequence[Path]) -> list[Document | None]:
        return await self._store.get_many(paths)

    async def find(self, query: Query) -> list[Document]:
        return [found async for found in self._store.find(query)]

    def write(self, *changes: Write) -> None:
        self.changes.extend(changes)


def _list(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else ()
