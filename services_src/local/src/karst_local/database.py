"""The database of a run: our own, watched and started again when it dies, or one by its address."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from pathlib import Path
from typing import Protocol

from karst_local.faults import Exit, LocalError, disk_full
from karst_platform.stores.documents import StoreUnavailableError
from karst_platform.stores.embedded_postgres import EmbeddedPostgres, EmbeddedPostgresError
from karst_platform.stores.migrations import NewerSchemaError, migrate
from karst_platform.stores.postgres import Postgres, refuse_unreachable

_WATCH_S = 0.5
_GIVE_UP_S = 60.0
_RESTARTS = 5
"""So many restarts within so many seconds mean that another won't help."""
_log = logging.getLogger(__name__)


class Server(Protocol):
    """A PostgreSQL of our own."""

    def start(self) -> str:
        """Start it, and return its DSN."""
        ...

    def stop(self) -> None:
        """Stop it."""
        ...

    def is_running(self) -> bool:
        """Whether its process is there."""
        ...


def embedded(folder: Path) -> Server:
    """The server of a folder."""
    return EmbeddedPostgres(folder)


async def start(server: Server) -> str:
    """Start our own server, and return its DSN. Raises LocalError."""
    try:
        # Out of reach of Ctrl-C only as a thread: what it began it ends.
        return await asyncio.to_thread(server.start)
    except EmbeddedPostgresError as error:
        if "No space left on device" in str(error):
            raise disk_full("the database") from error
        code = Exit.FOREIGN_STATE if "holds data of PostgreSQL" in str(error) else Exit.DATABASE
        raise LocalError(code, str(error)) from error


async def prepare(dsn: str) -> int:
    """Bring the schema up to date; return how many steps that took. Raises LocalError."""
    postgres = Postgres(dsn, connections=1)
    try:
        await refuse_unreachable(dsn)
        return await migrate(postgres)
    except ValueError as error:
        raise LocalError(Exit.USAGE, f"--dsn: {error}") from None
    except NewerSchemaError as error:
        raise LocalError(Exit.FOREIGN_STATE, str(error)) from error
    except StoreUnavailableError as error:
        raise LocalError(
            Exit.DATABASE,
            f"PostgreSQL can't be used: {error}. Check that it runs, and that --dsn names its host, port, user and "
            "database",
        ) from error
    finally:
        await postgres.close()


class Watch:
    """Starts our server again when its process dies. Meanwhile services answer 503, afterwards they connect anew."""

    def __init__(self, server: Server, report: Report) -> None:
        self._server = server
        self._report = report
        self._restarts: deque[float] = deque(maxlen=_RESTARTS)

    async def run(self) -> None:
        """Watch until cancelled. Raises LocalError when the server dies again and again, or doesn't come back."""
        while True:
            await asyncio.sleep(_WATCH_S)
            if not self._server.is_running():
                await self._restart()

    async def _restart(self) -> None:
        self._report.warn("PostgreSQL ended unexpectedly; starting it again")
        failure: LocalError | None = None
        while self._may_try():
            try:
                await start(self._server)
            except LocalError as error:
                # After a kill the server's children need a moment to go.
                failure = error
                await asyncio.sleep(_WATCH_S)
            else:
                self._report.warn("PostgreSQL runs again; nothing that was committed is lost")
                return
        raise failure or LocalError(
            Exit.DATABASE, f"PostgreSQL ended {_RESTARTS} times within {_GIVE_UP_S:.0f} s. Its log says why"
        )

    def _may_try(self) -> bool:
        now = time.monotonic()
        if len(self._restarts) == _RESTARTS and now - self._restarts[0] < _GIVE_UP_S:
            return False
        self._restarts.append(now)
        return True


class Report(Protocol):
    """Where people look."""

    def warn(self, message: str) -> None:
        """Say what they should know."""
        ...
