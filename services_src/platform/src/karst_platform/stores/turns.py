"""Run work again that others got in the way of; from the second attempt on, those of one process take turns.

The stores notice a conflict and refuse a commit. Trying again blindly would let 32 writers of one document refuse each
other for long, so each attempt after the first waits its turn for what the one before it touched.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TypeVar

from karst_platform.stores.documents import ContentionError, Path

Result = TypeVar("Result")
ATTEMPTS = 20
_PAUSE_S = 0.01
_LONGEST_PAUSE_S = 0.5


class ConflictError(Exception):
    """Others changed what an attempt read; nothing was written."""

    def __init__(self, touched: set[Path]) -> None:
        super().__init__("others changed the same documents")
        self.touched = touched


class Turns:
    """Locks by path, made when needed and gone when nobody waits."""

    def __init__(self) -> None:
        self._locks: dict[Path, tuple[asyncio.Lock, int]] = {}

    async def repeat(self, attempt: Callable[[], Awaitable[Result]]) -> Result:
        """Return what `attempt` returns once it raises no `ConflictError`; raise `ContentionError` after the last."""
        touched: set[Path] = set()
        for number in range(ATTEMPTS):
            async with self._turn(touched):
                try:
                    return await attempt()
                except ConflictError as conflict:
                    touched = touched | conflict.touched
                if number:
                    # In its turn, so this waits for other processes only.
                    await asyncio.sleep(random.uniform(0, min(_PAUSE_S * 2**number, _LONGEST_PAUSE_S)))  # noqa: S311
        raise ContentionError(f"Others changed the same documents {ATTEMPTS} times; try again later")

    @asynccontextmanager
    async def _turn(self, paths: set[Path]) -> AsyncGenerator[None]:
        async with AsyncExitStack() as stack:
            for path in sorted(paths):  # in one order, so that nobody waits for one who waits for him
                await stack.enter_async_context(self._lock(path))
            yield

    @asynccontextmanager
    async def _lock(self, path: Path) -> AsyncGenerator[None]:
        lock, users = self._locks.get(path, (asyncio.Lock(), 0))
        self._locks[path] = (lock, users + 1)
        try:
            async with lock:
                yield
        finally:
            lock, users = self._locks.pop(path)
            if users > 1:
                self._locks[path] = (lock, users - 1)
