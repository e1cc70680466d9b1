"""When tokens were last used: noted in memory, and written now and then, at most once in five minutes for each."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, timedelta

from sqlalchemy import ARRAY, Integer, bindparam, func, or_, update

from karst_auth.model import ApiKey, LoginToken
from karst_auth.tokens import Token, utc_now
from karst_platform.relational import Relational
from karst_platform.stores.documents import ContentionError, StoreUnavailableError

EVERY_S = 30
AT_MOST = timedelta(minutes=5)
_MOST_NOTED = 100_000
_log = logging.getLogger(__name__)


class Uses:
    """Notes uses of tokens, and writes them."""

    def __init__(self, database: Relational) -> None:
        self._database = database
        self._noted: dict[tuple[bool, int], datetime] = {}

    def note(self, token: Token) -> None:
        """Note that a token is used now."""
        if len(self._noted) < _MOST_NOTED:
            self._noted[token.is_key, token.id] = utc_now()

    async def write(self) -> int:
        """Write what was noted; return how many rows that changed. While the database is away, it is kept."""
        noted, self._noted = self._noted, {}
        if not noted:
            return 0
        try:
            async with self._database.begin() as session:
                written = 0
                for table, is_key in ((ApiKey, True), (LoginToken, False)):
                    ids = sorted(id_ for kind, id_ in noted if kind is is_key)
                    if not ids:
                        continue
                    is_due = or_(table.last_used.is_(None), table.last_used < func.now() - AT_MOST)
                    statement = (
                        update(table)
                        .where(table.id == func.any(bindparam("ids", ids, ARRAY(Integer))), is_due)
                        .values(last_used=max(noted.values()))
                        .returning(table.id)
                        .execution_options(synchronize_session=False)
                    )
                    written += len((await session.scalars(statement)).all())
                return written
        except (StoreUnavailableError, ContentionError) as error:
            self._noted = noted | self._noted
            _log.warning("uses of tokens are written later: %s", error)
            return 0

    async def keep_writing(self) -> None:
        """Write every half a minute, until cancelled."""
        while True:
            await asyncio.sleep(EVERY_S)
            await self.write()
