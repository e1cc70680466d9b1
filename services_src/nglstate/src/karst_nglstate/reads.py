"""Counts how often states are read, without any reader waiting for it: once a minute the store hears of all reads."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from karst_nglstate.record import Record
from karst_nglstate.stores.records import Records
from karst_platform.stores.documents import ContentionError, StoreUnavailableError
from karst_platform.tasks import end

PERIOD_S = 60.0
_KEPT = 10_000
_END_S = 5.0
_log = logging.getLogger(__name__)


class Reads:
    """What was read since the store heard of it last, of 10,000 records at the most."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._counts: Counter[tuple[str, int]] = Counter()

    def note(self, record: Record) -> None:
        """Count one."""
        key = record.place, record.id
        if key in self._counts or len(self._counts) < _KEPT:
            self._counts[key] += 1

    async def tell(self) -> None:
        """Tell the store, which also forgets old posts now. What it can't take now is not told again."""
        counts, self._counts = self._counts, Counter()
        try:
            if counts:
                await self._records.count(counts)
            await self._records.forget_posts()
        except (StoreUnavailableError, ContentionError) as error:
            _log.warning("%d reads are not counted: %s", counts.total(), error)

    @asynccontextmanager
    async def telling(self, period_s: float = PERIOD_S) -> AsyncGenerator[None]:
        """Tell the store every minute, and at the end."""
        task = asyncio.create_task(self._tell_for_ever(period_s))
        try:
            yield
        finally:
            await end(task)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_END_S):
                    await self.tell()

    async def _tell_for_ever(self, period_s: float) -> None:
        while True:
            await asyncio.sleep(period_s)
            await self.tell()
