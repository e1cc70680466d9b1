"""Keeps what the service knows current: looks each second whether anything changed, and reads everything where it did.

Where the database is away, what was last read is served for ten minutes more; then calls are answered with 503.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from sqlalchemy.exc import DBAPIError

from karst_info.catalogue import Catalogue, read_catalogue, revision_of
from karst_platform.relational import Relational
from karst_platform.stores.documents import ContentionError, StoreUnavailableError, UnstorableError

LOOK_S = 1.0
"""How long a change by another process may stay unknown."""
STALE_S = 600.0
_log = logging.getLogger(__name__)
_FAULTS = (StoreUnavailableError, ContentionError, UnstorableError, DBAPIError)
"""What the database may do wrong; the last one where it is not migrated."""


class Current:
    """The catalogue of one application."""

    def __init__(self, database: Relational, root: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._database, self._root, self._clock = database, root, clock
        self._catalogue: Catalogue | None = None
        self._seen_s = float("-inf")
        self._turn = asyncio.Lock()
        self._is_away = False

    def get(self) -> Catalogue:
        """What is known. Raises StoreUnavailableError where nothing was read yet, or too long ago."""
        if self._catalogue is None or self._clock() - self._seen_s > STALE_S:
            raise StoreUnavailableError("The database of aligned volumes and datastacks does not answer")
        return self._catalogue

    async def refresh(self) -> Catalogue:
        """Look whether anything changed; whoever changed something calls it. Raises StoreUnavailableError."""
        async with self._turn, self._database.begin() as session:
            begun_s = self._clock()
            known = self._catalogue
            if known is None or await revision_of(session) != known.revision:
                known = self._catalogue = await read_catalogue(session, self._root)
            self._seen_s = begun_s
            return known

    async def keep(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            await self._look()
            await asyncio.sleep(LOOK_S)

    async def _look(self) -> None:
        try:
            await self.refresh()
        except _FAULTS as error:
            if not self._is_away:
                _log.warning("nothing new can be read: %s", type(error).__name__)
            self._is_away = True
        else:
            self._is_away = False
