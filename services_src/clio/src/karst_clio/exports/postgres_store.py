"""All documents of a store in PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import orjson
import psycopg
from psycopg import sql

from karst_clio.exports.addresses import PostgresAddress
from karst_clio.exports.store import IMPORTS, Outcome, PageSize, Putting, Record, outcome, steadily
from karst_clio.exports.values import escaped, is_same, plain_fields
from karst_platform.exits import CommandError, Exit
from karst_platform.stores.documents import (
    Documents,
    Fields,
    Json,
    Path,
    StoreUnavailableError,
    Transaction,
    UnstorableError,
    Write,
)
from karst_platform.stores.documents_postgres import PostgresDocuments
from karst_platform.stores.migrations import NewerSchemaError, migrate, schema_version
from karst_platform.stores.postgres import Postgres, refuse_unreachable
from karst_platform.stores.storable import check_write

_STATEMENT_S = 600
_COUNT = sql.SQL("SELECT count(*) FROM documents WHERE collection <> %s")
_PAGE = sql.SQL(
    "SELECT collection, id, fields::text FROM documents WHERE (collection, id) > (%s::text, %s::text) "
    "ORDER BY collection, id LIMIT %s"
)


class PostgresStore:
    """A database that holds a store, or will."""

    def __init__(self, address: PostgresAddress) -> None:
        self._address = address
        self._postgres = Postgres(address.dsn, connections=4, statement_timeout_s=_STATEMENT_S)
        self._documents = PostgresDocuments(self._postgres)
        self._is_blank = False

    @property
    def documents(self) -> Documents:
        """The same store as services see it."""
        return self._documents

    @property
    def root(self) -> None:
        """PostgreSQL has no references."""

    async def open(self, *, is_writing: bool) -> None:
        """Connect; before something is written, bring the schema up to date."""
        await self._refuse_unreachable()
        try:
            if is_writing:
                await steadily(lambda: migrate(self._postgres))
            self._is_blank = await steadily(lambda: schema_version(self._postgres)) == 0
        except NewerSchemaError as error:
            raise CommandError(Exit.DAMAGED, f"{self._address}: {error}") from None
        except psycopg.errors.InsufficientPrivilege as error:
            raise CommandError(Exit.STORE, f"{self._address}: the user may not do this: {error}") from None

    async def count(self) -> int:
        """How many documents it holds, without those of `IMPORTS`."""
        if self._is_blank:
            return 0

        async def work() -> int:
            async with self._postgres.connection() as connection:
                row = await (await connection.execute(_COUNT, (IMPORTS,))).fetchone()
                return int(row[0]) if row else 0

        return await steadily(work)

    async def records(self, after: Path | None) -> AsyncIterator[Record]:
        """All documents in order of their collections and ids, by the bytes."""
        size = PageSize()
        collection, name = ("/".join(after[:-1]), after[-1]) if after else ("", "")
        while not self._is_blank:
            rows = await self._page(collection, name, size.documents)
            for collection, name, text in rows:
                if collection != IMPORTS:
                    yield Record(path=(*collection.split("/"), name), fields=_escaped(text))
            if len(rows) < size.documents:
                return
            size.learn(len(rows), sum(len(text) for _, _, text in rows))

    async def put(self, records: Sequence[Record], putting: Putting) -> Outcome:
        """Put records into the store in one transaction."""
        wanted = {record.path: plain_fields(record.fields) for record in records}
        for path, fields in wanted.items():
            _refuse_unstorable(path, fields)
        if self._is_blank:
            return Outcome(created=len(wanted))

        async def work(transaction: Transaction) -> Outcome:
            found = await transaction.get_many(list(wanted))
            held = {document.path: document.fields for document in found if document is not None}
            new = [path for path in wanted if path not in held]
            differing = [path for path in held if not is_same(held[path], wanted[path])]
            if putting.is_writing(differing):
                transaction.write(*(Write(path=path, fields=wanted[path]) for path in (*new, *differing)))
            return outcome(new=new, same=len(held) - len(differing), differing=differing, putting=putting)

        return await steadily(lambda: self._documents.in_transaction(work))

    async def close(self) -> None:
        """Let connections go."""
        await self._documents.close()

    async def _page(self, collection: str, name: str, size: int) -> list[tuple[str, str, str]]:
        async def work() -> list[tuple[str, str, str]]:
            async with self._postgres.connection() as connection:
                rows = await (await connection.execute(_PAGE, (collection, name, size))).fetchall()
                return [(row[0], row[1], row[2]) for row in rows]

        return await steadily(work)

    async def _refuse_unreachable(self) -> None:
        try:
            await refuse_unreachable(self._address.dsn)
        except StoreUnavailableError as error:
            raise CommandError(
                Exit.STORE,
                f"{self._address} can't be used: {error}. Check that it runs, and the address's user, password and "
                "database",
            ) from None


def _escaped(text: str) -> dict[str, Json]:
    fields: dict[str, Json] = orjson.loads(text)
    return {name: escaped(value) for name, value in fields.items()} if '"$' in text else fields


def _refuse_unstorable(path: Path, fields: Fields) -> None:
    try:
        check_write(Write(path=path, fields=fields))
    except UnstorableError as error:
        raise CommandError(
            Exit.DIFFERENT, f"PostgreSQL can't keep {'/'.join(path)}: {error}. Change it at its source, and export anew"
        ) from None
