"""Relational databases: an engine of SQLAlchemy that recovers by itself, with limits on how long anything takes.

    async with database.begin() as session: ...

Connections are made by the first use, so that a service starts without its database. Whatever the server or the way to
it does wrong becomes `StoreUnavailableError`; what it can't keep, such as a number out of range, `UnstorableError`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager

import psycopg
from sqlalchemy import text
from sqlalchemy.exc import DataError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from karst_platform.relational_address import engine_url, place_of
from karst_platform.relational_login import address_of, log_in
from karst_platform.stores.documents import ContentionError, StoreUnavailableError, UnstorableError

__all__ = ["CONSTRAINT_NAMES", "Relational", "engine_url", "place_of"]
CONSTRAINT_NAMES: Mapping[str, str] = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
"""What indexes and constraints are called where nobody says, so that migrations can name them."""
_CONFLICTS = (psycopg.errors.SerializationFailure, psycopg.errors.DeadlockDetected)
_AWAY = (psycopg.OperationalError, psycopg.InterfaceError)
_WAIT_S = 3.0
_CHECK_S = 2.0


class Relational:
    """A database of PostgreSQL, by its address.

    `statement_timeout_s` limits each statement; `connections` how many there are at the most.
    """

    def __init__(self, dsn: str, *, connections: int = 10, statement_timeout_s: float = 10) -> None:
        limit_ms = int(statement_timeout_s * 1000)
        url, options = address_of(dsn)
        self.dsn = dsn
        self.engine = create_async_engine(
            url,
            pool_size=connections,
            max_overflow=0,
            pool_timeout=_WAIT_S,
            pool_pre_ping=True,
            hide_parameters=True,
            connect_args={
                "application_name": "karst",
                "connect_timeout": 5,
                "options": f"-c timezone=UTC -c statement_timeout={limit_ms}"
                f" -c idle_in_transaction_session_timeout={4 * limit_ms} {options}",
            },
        )
        log_in(self.engine.sync_engine, dsn)
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)

    @asynccontextmanager
    async def begin(self) -> AsyncGenerator[AsyncSession]:
        """Lend a session in a transaction, committed at the end, or rolled back where anything is raised.

        A violated constraint passes through as SQLAlchemy's `IntegrityError`. Raises `StoreUnavailableError`,
        `ContentionError` and `UnstorableError`.
        """
        with _faults():
            async with self._sessions() as session, session.begin():
                yield session

    async def check(self) -> None:
        """Ask the server for a sign of life. Raises `StoreUnavailableError`."""
        try:
            async with asyncio.timeout(_CHECK_S), self.begin() as session:
                await session.execute(text("SELECT 1"))
        except TimeoutError:
            raise StoreUnavailableError("PostgreSQL took too long") from None

    async def close(self) -> None:
        """Let all connections go."""
        await self.engine.dispose()


@contextmanager
def _faults() -> Generator[None]:
    try:
        yield
    except DataError as error:
        raise UnstorableError("The database can't keep one of these values: too long, or out of range.") from error
    except PoolTimeoutError:
        raise StoreUnavailableError("All connections to PostgreSQL are in use") from None
    except DBAPIError as error:
        cause = error.orig
        if isinstance(cause, _CONFLICTS):
            raise ContentionError(type(cause).__name__) from error
        if isinstance(cause, _AWAY):
            # Neither statement nor parameters: libpq's first line holds host and user, not the password.
            raise StoreUnavailableError((str(cause).splitlines() or [type(cause).__name__])[0]) from error
        raise
    except _AWAY as error:
        raise StoreUnavailableError((str(error).splitlines() or [type(error).__name__])[0]) from error
