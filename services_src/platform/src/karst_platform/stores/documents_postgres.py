"""Documents in PostgreSQL: one table, a row a document, its fields as JSONB.

Transactions are serializable: the server notices what others changed in between, and the work runs again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from typing import TypeVar

import psycopg
from psycopg import IsolationLevel
from psycopg.rows import TupleRow
from psycopg_pool import PoolTimeout

from karst_platform.stores import documents_sql as sql
from karst_platform.stores.documents import Document, Path, Query, StoreUnavailableError, Transaction, Write
from karst_platform.stores.documents_json import text_of_fields
from karst_platform.stores.postgres import Connection, Postgres
from karst_platform.stores.storable import check_document_path, check_path, check_query
from karst_platform.stores.turns import ConflictError, Turns

Cursor = psycopg.AsyncServerCursor[TupleRow]
Result = TypeVar("Result")
_FEW = 100
_PAGE = 100  # of usual documents what a socket holds: the server has sent all of it when its turn comes


class PostgresDocuments:
    """Documents in a database that `migrations.migrate` made ready; closing the store closes the database's pool."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres
        self._turns = Turns()

    async def get(self, path: Path) -> Document | None:
        """The document, or None."""
        return (await self.get_many((path,)))[0]

    async def get_many(self, paths: Sequence[Path]) -> list[Document | None]:
        """Documents in the order of their paths, None for each that isn't there."""
        for path in paths:
            check_document_path(path)
        return await self._once_more(lambda connection: _get_many(connection, paths))

    async def find(self, query: Query) -> AsyncIterator[Document]:
        """What the query finds, as it was at the start, streamed by a cursor of the server."""
        check_query(query)
        limit = _FEW + 1 if query.limit is None else min(query.limit, _FEW + 1)
        # Most answers are short, and a cursor takes five more exchanges; for a long one the first rows come twice.
        # In order of a field that would double the work: all values are looked at before the first row.
        if query.order_by is None or limit <= _FEW:
            few = await self._once_more(lambda connection: _find(connection, replace(query, limit=limit)))
            for document in few if len(few) <= _FEW else ():
                yield document
            if len(few) <= _FEW:
                return
        async with (
            self._postgres.stream() as connection,
            connection.transaction(),
            connection.cursor("documents") as cursor,
            aclosing(_pages(cursor, sql.find(query))) as pages,
        ):
            async for page in pages:
                for name, fields in page:
                    yield Document(path=(*query.collection, name), fields=fields)

    async def write(self, *changes: Write) -> None:
        """Write in one commit, whole or not at all. Of changes to one path the last wins.

        Raises `UnstorableError` before the commit.
        """
        batches = sql.batches(_encoded(changes))
        if not batches:
            return

        async def attempt() -> None:
            async with _conflicts(set()):
                await self._once_more(commit)

        async def commit(connection: Connection) -> None:
            if len(batches) == 1:
                await connection.execute(*batches[0])
                return
            async with connection.transaction():
                for batch in batches:
                    await connection.execute(*batch)

        await self._turns.repeat(attempt)

    async def children(self, path: Path) -> list[str]:
        """Names of the collections below a document, or ids of the documents of a collection, in order."""
        check_path(path)
        text, parameters = sql.children(path)

        async def read(connection: Connection) -> list[str]:
            cursor = await connection.execute(text, parameters)
            return [row[0] for row in await cursor.fetchall()]

        return await self._once_more(read)

    async def in_transaction(self, work: Callable[[Transaction], Awaitable[Result]]) -> Result:
        """Run `work`, again where others changed what it read, and return what it returns."""

        async def attempt() -> Result:
            touched: set[Path] = set()
            async with _conflicts(touched), self._postgres.connection() as connection:
                await connection.set_isolation_level(IsolationLevel.SERIALIZABLE)
                try:
                    async with connection.transaction():
                        transaction = _Transaction(connection, touched)
                        result = await work(transaction)
                        await transaction.flush()
                    return result
                finally:
                    if not connection.closed:
                        await connection.set_isolation_level(None)

        return await self._turns.repeat(attempt)

    async def check(self) -> None:
        """Ask the store for a sign of life, quickly."""
        await self._postgres.check()

    async def close(self) -> None:
        """Let connections go."""
        await self._postgres.close()

    async def _once_more(self, work: Callable[[Connection], Awaitable[Result]]) -> Result:
        """Do what may be done twice, again if the connection broke: after a restart of the server all idle ones are."""
        try:
            async with self._postgres.connection() as connection:
                return await work(connection)
        except StoreUnavailableError as error:
            if isinstance(error.__cause__, PoolTimeout) or not isinstance(error.__cause__, psycopg.OperationalError):
                raise
        await self._postgres.drop_broken()
        async with self._postgres.connection() as connection:
            return await work(connection)


class _Transaction:
    def __init__(self, connection: Connection, touched: set[Path]) -> None:
        self._connection = connection
        self._touched = touched
        self._changes: list[sql.Change] = []

    async def get(self, path: Path) -> Document | None:
        return (await self.get_many((path,)))[0]

    async def get_many(self, paths: Sequence[Path]) -> list[Document | None]:
        self._read()
        for path in paths:
            check_document_path(path)
        self._touched.update(paths)
        return await _get_many(self._connection, paths)

    async def find(self, query: Query) -> list[Document]:
        self._read()
        check_query(query)
        self._touched.add(query.collection)
        return await _find(self._connection, query)

    def write(self, *changes: Write) -> None:
        self._changes += _encoded(changes)
        self._touched.update(change.path for change in changes)

    async def flush(self) -> None:
        for batch in sql.batches(self._changes):
            await self._connection.execute(*batch)

    def _read(self) -> None:
        if self._changes:
            raise RuntimeError("In a transaction all reads come before the first write")


@asynccontextmanager
async def _conflicts(touched: set[Path]) -> AsyncGenerator[None]:
    try:
        yield
    except (psycopg.errors.SerializationFailure, psycopg.errors.DeadlockDetected):
        raise ConflictError(touched) from None


def _encoded(changes: Sequence[Write]) -> list[sql.Change]:
    return [(change.path, text_of_fields(change)) for change in changes]


async def _pages(cursor: Cursor, statement: sql.Statement) -> AsyncGenerator[list[TupleRow]]:
    """What a statement selects. The server makes a page while the one before it is dealt with."""
    await cursor.execute(*statement)
    page = await cursor.fetchmany(_PAGE)
    while page:
        following = asyncio.create_task(cursor.fetchmany(_PAGE))
        try:
            await asyncio.sleep(0)  # so that the server is asked now
            yield page
        except BaseException:
            await asyncio.gather(following, return_exceptions=True)
            raise
        page = await following


async def _get_many(connection: Connection, paths: Sequence[Path]) -> list[Document | None]:
    if not paths:
        return []
    cursor = await connection.execute(*sql.get_many(paths))
    found = {(collection, name): fields for collection, name, fields in await cursor.fetchall()}
    documents = [(path, found.get((sql.joined(path[:-1]), path[-1]))) for path in paths]
    return [None if fields is None else Document(path=path, fields=fields) for path, fields in documents]


async def _find(connection: Connection, query: Query) -> list[Document]:
    cursor = await connection.execute(*sql.find(query))
    return [Document(path=(*query.collection, name), fields=fields) for name, fields in await cursor.fetchall()]
