"""Who may delete what, and read what is private: whoever posted it, and superadmins."""

from __future__ import annotations

from typing import cast

from fastapi import Request

from karst_nglstate.record import Column, Record, Visibility, id_of
from karst_nglstate.states import States, not_found
from karst_platform.cave.guard.authority import Freshness
from karst_platform.cave.guard.checks import Check, missing_role
from karst_platform.cave.guard.guard import Guard, guard_of
from karst_platform.cave.guard.record import UserRecord


class Owner(Check):
    """Asks that the caller posted what the path names, or is a superadmin."""

    def __init__(self, column: Column) -> None:
        super().__init__("owner or superadmin", freshness=Freshness.RECENT, about="state_id")
        self._column = column

    async def denial(self, _guard: Guard, user: UserRecord, request: Request) -> Exception | None:
        """Say whose it is not; what isn't there is nobody's."""
        if user.admin:
            return None
        state_id = id_of(request.path_params["state_id"])
        if state_id is None:
            return None  # the handler says what is wrong with it
        states = cast("States", request.app.state.states)
        record = await states.records.get(state_id, self._column)
        if record is None:
            return not_found(self._column, state_id)
        if _is_theirs(record, user):
            return None
        return missing_role("owner", "Only whoever posted it may delete it, and superadmins.")


async def refuse_others(request: Request, reader: UserRecord, record: Record) -> None:
    """Raise CaveError, 403, where it is private and not the reader's, whoever they are by now."""
    if record.visibility is Visibility.SHARED or _is_theirs(record, reader):
        return
    if not _is_theirs(record, await guard_of(request).asked_anew(request) or reader):
        raise missing_role("owner", "It is private: only whoever posted it may read it, and superadmins.")


def _is_theirs(record: Record, user: UserRecord) -> bool:
    return user.admin or record.user_id == str(user.id)
