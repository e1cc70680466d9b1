"""Does what a button on a page says, and shows the page again, with the reason, where that can't be done."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import cast

from fastapi import Request
from starlette.responses import Response

from karst_auth.admin.desk import Desk
from karst_auth.changes.ledger import Changing
from karst_auth.changes.values import identifier, invalid
from karst_auth.known import Known
from karst_platform.cave.errors import CaveError

Work = Callable[[Changing], Awaitable[str | None]]
"""Makes the change; what it returns is what the page says then, in a word of `desk.DONE`."""
Again = Callable[[str, int], Awaitable[Response]]
"""Shows the page with a problem and a status."""


async def do(desk: Desk, request: Request, caller: Known, work: Work, *, back: str, again: Again) -> Response:
    """Make a change and go back, or say why not."""
    try:
        async with desk.changing(request, caller) as change:
            done = await work(change)
    except CaveError as error:
        return await again(message_of(error), error.status_code)
    return desk.go(request, back, done or "changed")


def message_of(error: CaveError) -> str:
    """What an error says to people."""
    return str(cast("Mapping[str, str]", error.detail)["message"])


def id_of(text: str, name: str) -> int:
    """An id that a form has. Raises CaveError, 400 or 422."""
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        invalid(f"{name} is missing: write a number.")
    return identifier(int(text), name)
