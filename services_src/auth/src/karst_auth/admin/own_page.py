"""Pages of what has more to show than a form: its form, what else there is of it, and buttons that change that."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from karst_auth.admin.area import Area
from karst_auth.admin.desk import Desk
from karst_auth.admin.forms import Asking, message_of
from karst_auth.admin.simple import change_page, whole
from karst_auth.changes.ledger import Changing
from karst_auth.known import Known
from karst_platform.cave.errors import CaveError
from karst_platform.pages import Form, Sent

Work = Callable[[Changing], Awaitable[object]]
"""Makes a change. What it returns, if that is a word of `desk.DONE`, the page says in place of what it would."""
Shown = Callable[[AsyncSession, Request, Known, int], Awaitable[Mapping[str, object]]]
"""What a page shows beside the form."""


@dataclass(frozen=True, kw_only=True)
class OwnPage:
    """The pages of one area."""

    desk: Desk
    area: Area
    template: str
    shown: Shown
    asked: Callable[[Asking, Known], Asking] = whole
    """The part of the form that somebody may fill in."""

    async def show(
        self,
        request: Request,
        caller: Known,
        id_: int,
        *,
        form: Form | None = None,
        seen: str = "",
        problem: str = "",
        status: int = 200,
        more: Mapping[str, object] | None = None,
    ) -> Response:
        """The page of one of them; `more` are values that stand in this answer only."""
        async with self.desk.reading() as session:
            thing = await self.area.demand(session, id_)
            asking = self.asked(await self.area.asking_again(session), caller)
            values = {
                "area": self.area,
                "thing": thing,
                "form": form or asking.empty(thing.values),
                "seen": seen or thing.seen,
                "problem": problem,
                **await self.shown(session, request, caller, id_),
                **(more or {}),
            }
        return self.desk.show(request, caller, self.template, values, status=status)

    async def change(self, request: Request, caller: Known, id_: int, sent: Sent) -> Response:
        """Save what the form says, or show it again with what is wrong."""
        try:
            answer = await change_page(self.desk, request, caller, self.area, id_, sent, self.asked)
        except CaveError as error:
            if error.status_code != 403:
                raise
            return await self.show(request, caller, id_, problem=message_of(error), status=403)
        if isinstance(answer, Response):
            return answer
        form, seen, error = answer
        return await self.show(request, caller, id_, form=form, seen=seen, status=error.status_code)

    async def do(self, request: Request, caller: Known, id_: int, done: str, work: Work) -> Response:
        """Do what a button says and go back, or show the page again with the reason why not."""
        try:
            async with self.desk.changing(request, caller) as change:
                told = await work(change)
        except CaveError as error:
            return await self.show(request, caller, id_, problem=message_of(error), status=error.status_code)
        return self.desk.go(request, self.area.link(id_), told if isinstance(told, str) else done)
