"""Remembers what auth told, for as long as it may count, and asks anew otherwise; once at a time for each key."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

from karst_platform.cave.guard.authority import Freshness


@dataclass(frozen=True, kw_only=True)
class Ages:
    """For how many seconds an answer counts, of auth over HTTP, which remembers it for five seconds itself."""

    cached_s: float = 55
    recent_s: float = 5
    unheard_s: float = 2.5
    """While we would not hear of a change; and always for "there is none"."""
    stale_s: float = 600
    """For reading, while auth is gone."""


KeyT = TypeVar("KeyT", bound=Hashable)
ValueT = TypeVar("ValueT")


@dataclass(frozen=True, slots=True)
class Told(Generic[ValueT]):
    """An answer: None where there is none of what was asked for."""

    value: ValueT | None
    asked_s: float


@dataclass(frozen=True, slots=True)
class Question:
    """When something was asked, and after how many changes."""

    asked_s: float
    changes: int


class Memory(Generic[KeyT, ValueT]):
    """Answers by key: the latest `size` that found something, and as many that did not, apart from each other.

    So whoever asks for what isn't there, however often, displaces nothing that is.
    """

    def __init__(
        self,
        is_live: Callable[[], bool],
        *,
        size: int,
        ages: Ages | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._is_live, self._size, self._ages, self._clock = is_live, size, ages or Ages(), clock
        self._found: OrderedDict[KeyT, Told[ValueT]] = OrderedDict()
        self._missing: OrderedDict[KeyT, Told[ValueT]] = OrderedDict()
        self._flights: dict[KeyT, asyncio.Task[ValueT | None]] = {}
        self._doubted_s = float("-inf")
        """Answers to what was asked before count only as stale ones."""
        self._changes = 0

    async def get(self, key: KeyT, ask: Callable[[], Awaitable[ValueT | None]], freshness: Freshness) -> ValueT | None:
        """The answer, remembered or asked for. Raises what `ask` raises, unless an older answer will do."""
        told = self.peek(key, freshness)
        if told is not None:
            return told.value
        try:
            return await self._asked(key, ask)
        except ConnectionError:
            told = self.stale(key) if freshness is Freshness.CACHED else None
            if told is None:
                raise
            return told.value

    def peek(self, key: KeyT, freshness: Freshness) -> Told[ValueT] | None:
        """The remembered answer, where it is fresh enough."""
        if freshness is Freshness.ANEW:
            return None
        told = self._found.get(key)
        if told is None:
            told = self._missing.get(key)
            return told if told is not None and self._counts(told, self._ages.unheard_s) else None
        age_s = self._ages.cached_s if freshness is Freshness.CACHED else self._ages.recent_s
        if not self._counts(told, age_s if self._is_live() else min(age_s, self._ages.unheard_s)):
            return None
        self._found.move_to_end(key)
        return told

    def stale(self, key: KeyT) -> Told[ValueT] | None:
        """The answer that counts for reading while auth is gone."""
        told = self._found.get(key)
        return told if told is not None and self._clock() - told.asked_s <= self._ages.stale_s else None

    def has(self, key: KeyT) -> bool:
        """Whether something was ever found, and is not forgotten."""
        return key in self._found

    def question(self) -> Question:
        """Note that something is asked now; for `keep`."""
        return Question(self._clock(), self._changes)

    def keep(self, key: KeyT, value: ValueT | None, question: Question) -> None:
        """Remember the answer to a question, unless something changed since: then it may be the old one."""
        if question.changes != self._changes:
            return
        (self._missing if value is not None else self._found).pop(key, None)
        answers = self._found if value is not None else self._missing
        answers[key] = Told(value, question.asked_s)
        answers.move_to_end(key)
        if len(answers) > self._size:
            answers.popitem(last=False)

    def forget(self, *keys: KeyT) -> None:
        """Never use these answers again, nor those under way."""
        for key in keys:
            self._found.pop(key, None)
            self._missing.pop(key, None)
        self._change()

    def forget_where(self, concerns: Callable[[KeyT, ValueT], bool]) -> None:
        """Forget whatever was found that this concerns."""
        self.forget(*[key for key, told in self._found.items() if told.value is not None and concerns(key, told.value)])

    def doubt(self) -> None:
        """Ask anew for everything; what we know counts only while auth is gone."""
        self._doubted_s = self._clock()
        self._missing.clear()
        self._change()

    def __len__(self) -> int:
        return len(self._found) + len(self._missing)

    def _change(self) -> None:
        """Let nobody wait any more for what was asked before, and don't remember it."""
        self._changes += 1
        self._flights.clear()

    def _counts(self, told: Told[ValueT], age_s: float) -> bool:
        return told.asked_s > self._doubted_s and self._clock() - told.asked_s <= age_s

    async def _asked(self, key: KeyT, ask: Callable[[], Awaitable[ValueT | None]]) -> ValueT | None:
        flight = self._flights.get(key)
        if flight is None:
            flight = asyncio.create_task(self._fly(key, ask))
            self._flights[key] = flight
            flight.add_done_callback(lambda done: self._landed(key, done))
        # Whoever leaves does not take the answer from the others.
        return await asyncio.shield(flight)

    async def _fly(self, key: KeyT, ask: Callable[[], Awaitable[ValueT | None]]) -> ValueT | None:
        question = self.question()
        value = await ask()
        self.keep(key, value, question)
        return value

    def _landed(self, key: KeyT, flight: asyncio.Task[ValueT | None]) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]
        if not flight.cancelled():
            flight.exception()  # whoever waited has it; nobody may have
