"""Answers kept for a while, at most so many, each asked for once though many wait for it."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Hashable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")
Clock = Callable[[], float]
"""Seconds since 1970."""


@dataclass(frozen=True)
class _Entry(Generic[Value]):
    answer: asyncio.Task[Value]
    end_s: float


class TimedCache(Generic[Key, Value]):
    """Values by key, for `keep_s` seconds; of more than `size` the ones used longest ago go. Failures are not kept.

    What is forgotten while it is being asked for is asked for again by whoever comes later.
    """

    def __init__(self, *, keep_s: float, size: int, clock: Clock) -> None:
        self._keep_s, self._size, self._clock = keep_s, size, clock
        self._entries: OrderedDict[Key, _Entry[Value]] = OrderedDict()

    async def get(self, key: Key, load: Callable[[], Coroutine[Any, Any, Value]]) -> Value:
        """The value; `load` gives it where it isn't known or too old."""
        entry = self._entries.get(key)
        if entry is None or entry.end_s <= self._clock():
            entry = self._ask(key, load)
        else:
            self._entries.move_to_end(key)
        if entry.answer.done():
            return entry.answer.result()
        # Whoever goes away must not take the answer from the others who wait for it.
        return await asyncio.shield(entry.answer)

    def forget(self, key: Key) -> None:
        """Ask again the next time."""
        self._entries.pop(key, None)

    def clear(self) -> None:
        """Ask again for everything."""
        self._entries.clear()

    def __len__(self) -> int:
        return len(self._entries)

    def _ask(self, key: Key, load: Callable[[], Coroutine[Any, Any, Value]]) -> _Entry[Value]:
        entry = _Entry(asyncio.create_task(load()), self._clock() + self._keep_s)
        self._entries[key] = entry
        self._entries.move_to_end(key)
        while len(self._entries) > self._size:
            self._entries.popitem(last=False)

        def drop_failure(answer: asyncio.Task[Value]) -> None:
            has_failed = answer.cancelled() or answer.exception() is not None
            if has_failed and self._entries.get(key) is entry:
                del self._entries[key]

        entry.answer.add_done_callback(drop_failure)
        return entry
