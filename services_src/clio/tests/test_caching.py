"""Answers that are kept: for how long, how many, and that one question is enough."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from karst_clio.caching import TimedCache
from services_src.clio.tests.support import Clock

pytestmark = pytest.mark.anyio


@dataclass
class Source:
    """Counts how often it is asked; waits until it may answer."""

    asked: int = 0
    failure: Exception | None = None
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    async def load(self) -> int:
        self.asked += 1
        number = self.asked
        await self.gate.wait()
        if self.failure is not None:
            raise self.failure
        return number


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cache(clock: Clock) -> TimedCache[str, int]:
    return TimedCache(keep_s=10, size=2, clock=clock)


async def test_many_who_wait_ask_once(cache: TimedCache[str, int]) -> None:
    source = Source()
    waiting = [asyncio.create_task(cache.get("a", source.load)) for _ in range(10)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    await asyncio.sleep(0)
    source.gate.set()
    assert await asyncio.gather(*waiting[1:]) == [1] * 9


async def test_answers_grow_old(cache: TimedCache[str, int], clock: Clock) -> None:
    source = Source()
    source.gate.set()
    assert await cache.get("a", source.load) == 1
    clock.now_s += 9.9
    assert await cache.get("a", source.load) == 1
    clock.now_s += 0.1
    assert await cache.get("a", source.load) == 2


async def test_failures_reach_everybody_and_are_not_kept(cache: TimedCache[str, int]) -> None:
    source = Source(failure=KeyError("x"))
    source.gate.set()
    results = await asyncio.gather(*(cache.get("a", source.load) for _ in range(3)), return_exceptions=True)
    assert [type(each) for each in results] == [KeyError] * 3
    source.failure = None
    assert await cache.get("a", source.load) == 2


async def test_the_one_used_longest_ago_goes(cache: TimedCache[str, int]) -> None:
    source = Source()
    source.gate.set()
    for key in ("a", "b", "a", "c", "a"):
        await cache.get(key, source.load)
    assert (len(cache), source.asked) == (2, 3)
    await cache.get("b", source.load)
    assert source.asked == 4


async def test_what_is_forgotten_while_it_is_asked_for_is_asked_for_again(cache: TimedCache[str, int]) -> None:
    source = Source()
    early = asyncio.create_task(cache.get("a", source.load))
    await asyncio.sleep(0)
    cache.forget("a")
    late = asyncio.create_task(cache.get("a", source.load))
    await asyncio.sleep(0)
    source.gate.set()
    assert (await early, await late) == (1, 2)
    assert await cache.get("a", source.load) == 2
