"""Commands inside tests. They have an event loop of their own, so tests that have one run them in a thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from karst_clio.exports.command import run
from karst_clio.exports.faults import Exit


async def in_thread(command: Callable[[Sequence[str]], Exit], arguments: Sequence[str]) -> Exit:
    """Run a command beside the test's event loop."""
    return await asyncio.to_thread(command, arguments)


async def move(source: str, target: str, folder: Path) -> None:
    """Export and import, both of which must end well."""
    assert await in_thread(run, ["export", str(folder), "--from", source, "--documents-a-file", "20"]) is Exit.OK
    assert await in_thread(run, ["import", str(folder), "--to", target]) is Exit.OK
