"""Who was refused what, for the audit log: whoever tries doors shows there."""

from __future__ import annotations

import logging
import time
from collections import OrderedDict

from fastapi import Request

from karst_auth.changes.ledger import Actor, Ledger
from karst_platform.cave.errors import CaveError
from karst_platform.cave.guard.authority import Authority
from karst_platform.cave.guard.checks import Condition
from karst_platform.cave.guard.guard import caller_token
from karst_platform.cave.guard.record import UserRecord
from karst_platform.stores.documents import ContentionError, StoreUnavailableError

AGAIN_S = 60
"""One entry in this time for each user and route: nobody fills the log by asking again and again."""
_REMEMBERED = 10_000
_log = logging.getLogger(__name__)


class Refusals:
    """Writes them."""

    def __init__(self, ledger: Ledger, authority: Authority) -> None:
        self._ledger, self._authority = ledger, authority
        self._noted: OrderedDict[tuple[int, str], float] = OrderedDict()

    async def note(self, request: Request, needed: str) -> None:
        """Note that the caller was refused; while the database is away that stands in the service's log only."""
        token = caller_token(request)
        user = await self._authority.record(token) if token is not None else None
        route = f"{request.method} {getattr(request.scope.get('route'), 'path', '')}"
        if user is None or not self._is_new((user.id, route)):
            return
        ip = request.client.host[:45] if request.client is not None else None
        try:
            async with self._ledger.change(Actor(id=user.id, name=user.email, ip=ip)) as change:
                change.note("refused", route, after={"needed": needed, "path": request.url.path[:500]})
        except (StoreUnavailableError, ContentionError) as error:
            _log.warning("a refusal can't be written: %s", error)

    def _is_new(self, key: tuple[int, str]) -> bool:
        now_s = time.monotonic()
        if now_s - self._noted.get(key, float("-inf")) < AGAIN_S:
            return False
        self._noted[key] = now_s
        self._noted.move_to_end(key)
        if len(self._noted) > _REMEMBERED:
            self._noted.popitem(last=False)
        return True


class Audited(Condition):
    """A condition whose refusals stand in the audit log, where the application keeps one: `app.state.refusals`."""

    async def __call__(self, request: Request) -> UserRecord:
        """Find out who calls, and refuse whoever may not."""
        try:
            return await super().__call__(request)
        except CaveError as error:
            if error.status_code == 403:
                refusals: Refusals = request.app.state.refusals
                await refusals.note(request, self.name)
            raise
