"""Ending what runs in the background of an application."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Final

_AGAIN_S: Final = 0.5
_log = logging.getLogger(__name__)


async def end(*tasks: asyncio.Task[Any]) -> None:
    """Cancel tasks until they are over.

    Drivers of stores may take a cancellation for a time limit of their own when both meet, and swallow it; a loop
    around them would go on for ever, and whoever waits for it too. So it is said again, as often as it takes.
    """
    while pending := [task for task in tasks if not task.done()]:
        for task in pending:
            task.cancel()
        await asyncio.wait(pending, timeout=_AGAIN_S)
    for task in tasks:
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("%s had failed before it was ended", task.get_name(), exc_info=error)
