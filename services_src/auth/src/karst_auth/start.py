"""What a service does once after it began, and tries again while its database is away."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from sqlalchemy.exc import DBAPIError

from karst_auth.declared import DeclaredError
from karst_platform.cave.errors import CaveError
from karst_platform.stores.documents import ContentionError, StoreUnavailableError

RETRY_S = 2.0
_log = logging.getLogger(__name__)


class Start:
    """Does `work` once; until that is done the service is not ready."""

    def __init__(self, work: Callable[[], Awaitable[None]]) -> None:
        self._work = work
        self._missing: str | None = "The first look at the database is still to come."

    def missing(self) -> str | None:
        """What keeps the service from being ready."""
        return self._missing

    async def until_done(self) -> None:
        """Do it, again and again until it is done."""
        while self._missing is not None:
            try:
                await self._work()
            except (DeclaredError, CaveError) as error:
                self._missing = f"What the deployment declares can't be made: {error}"
                _log.exception("what the deployment declares can't be made")
            except (StoreUnavailableError, ContentionError, DBAPIError):
                self._missing = "The database isn't as it should be yet; is it migrated?"
                _log.exception("the start failed, and is tried again")
            else:
                self._missing = None
                return
            await asyncio.sleep(RETRY_S)
