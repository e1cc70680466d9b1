"""Connections to PostgreSQL: a pool that recovers by itself, with limits on how long anything takes.

Opened by the first use, so that a service starts without its database. Whatever the server or the way to it does wrong
becomes `StoreUnavailableError`; the next use tries anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager

import orjson
import psycopg
from psycopg.rows import TupleRow
from psycopg.types.json import set_json_loads
from psycopg_pool import AsyncConnectionPool

from karst_platform.stores.documents import StoreUnavailableError

Connection = psycopg.AsyncConnection[TupleRow]
_CONFLICTS = (psycopg.errors.SerializationFailure, psycopg.errors.DeadlockDetected)
_WAIT_S = 3.0
_CHECK_S = 2.0
_CONNECT_S = 10


class Postgres:
    """A database, by its address.

    `statement_timeout_s` limits each statement; `connections` how many there are at the most, half of them for streams.
    """

    def __init__(self, dsn: str, *, connections: int = 16, statement_timeout_s: float = 30) -> None:
        limit_ms = int(statement_timeout_s * 1000)
        self._pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
            dsn,
            min_size=1,
            max_size=connections,
            timeout=_WAIT_S,
            reconnect_timeout=_WAIT_S,
            open=False,
            configure=_configure,
            kwargs={
                "autocommit": True,
                "application_name": "karst",
                "connect_timeout": 5,
                "keepalives_idle": 30,
                "options": f"-c statement_timeout={limit_ms} -c idle_in_transaction_session_timeout={4 * limit_ms}"
                " -c cursor_tuple_fraction=0.01",
            },
        )
        self._streams = asyncio.Semaphore(max(1, connections // 2))
        self._opening = asyncio.Lock()
        self._is_open = False

    @asynccontextmanager
    async def connection(self) -> AsyncGenerator[Connection]:
        """Lend a connection in autocommit mode. A conflict between transactions passes through as psycopg's error."""
        with _unavailable():
            await self._open()
            async with self._pool.connection() as connection:
                yield connection

    @asynccontextmanager
    async def stream(self) -> AsyncGenerator[Connection]:
        """Lend a connection for long: as many stay free for everybody else as may be lent this way."""
        try:
            await asyncio.wait_for(self._streams.acquire(), _WAIT_S)
        except TimeoutError:
            raise StoreUnavailableError("Too many long answers are under way") from None
        try:
            async with self.connection() as connection:
                yield connection
        finally:
            self._streams.release()

    async def drop_broken(self) -> None:
        """Let go of idle connections that broke; after the server was restarted that is all of them."""
        with _unavailable():
            await self._pool.check()

    async def check(self) -> None:
        """Ask the server for a sign of life."""
        try:
            async with asyncio.timeout(_CHECK_S), self.connection() as connection:
                await connection.execute("SELECT 1")
        except TimeoutError:
            raise StoreUnavailableError("PostgreSQL took too long") from None

    async def close(self) -> None:
        """Let connections go; those that are lent are waited for a moment."""
        await self._pool.close(timeout=_WAIT_S)

    async def _open(self) -> None:
        if self._is_open:
            return
        async with self._opening:
            if not self._is_open:
                await self._pool.open(wait=False)
                self._is_open = True


async def refuse_unreachable(dsn: str) -> None:
    """Connect once, without a pool, which would only say that it waited.

    Raises `ValueError` for what is no address, without quoting it, and `StoreUnavailableError` with the reason.
    """
    try:
        async with await psycopg.AsyncConnection.connect(dsn, connect_timeout=_CONNECT_S):
            pass
    except psycopg.ProgrammingError:
        raise ValueError(
            "The address of PostgreSQL can't be read. Write postgresql://user:password@host:5432/database, "
            "with special characters of the password in percent form"
        ) from None
    except psycopg.Error as error:
        raise StoreUnavailableError(" ".join(str(error).split()).rstrip(".?") or "no reason given") from None


async def _configure(connection: Connection) -> None:
    set_json_loads(orjson.loads, connection)


@contextmanager
def _unavailable() -> Generator[None]:
    try:
        yield
    except _CONFLICTS:
        raise
    except psycopg.errors.QueryCanceled:
        raise StoreUnavailableError("PostgreSQL took too long") from None
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise StoreUnavailableError(f"PostgreSQL is not available ({_reason(error)})") from error


def _reason(error: Exception) -> str:
    # The first line names no secret: libpq's messages hold host and user, not the password.
    return (str(error).splitlines() or [type(error).__name__])[0]
