"""Tasks end, though what they wait for swallows that they shall."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from karst_platform.tasks import end


async def test_a_loop_that_swallows_it_ends_all_the_same() -> None:
    swallowed = 0

    async def loop() -> None:
        nonlocal swallowed
        while True:
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                swallowed += 1
                if swallowed > 2:
                    raise

    task = asyncio.create_task(loop())
    await asyncio.sleep(0)
    async with asyncio.timeout(30):
        await end(task)
    assert swallowed == 3
    assert task.cancelled()


async def test_what_is_over_or_failed_is_fine(caplog: pytest.LogCaptureFixture) -> None:
    async def fail() -> None:
        raise ValueError("x")

    tasks = [asyncio.create_task(fail()), asyncio.create_task(asyncio.sleep(0)), asyncio.create_task(asyncio.sleep(60))]
    with suppress(ValueError):
        await tasks[0]
    await end(*tasks)
    assert all(task.done() for task in tasks)
    assert "had failed before it was ended" in caplog.text
    await end()
