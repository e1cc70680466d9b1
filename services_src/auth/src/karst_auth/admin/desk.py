"""What all pages of the administration have in common: who looks at them, what leads where, and what was just done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from karst_auth.api.needs import Needs, changing
from karst_auth.changes.ledger import Changing
from karst_auth.known import Known
from karst_platform.pages import Link, Pages, see_other

DONE: Mapping[str, str] = {
    "added": "Added.",
    "changed": "Saved.",
    "created": "Made.",
    "disabled": "Disabled: their sign-ins ended, and their keys wait.",
    "enabled": "Enabled again.",
    "ended": "Signed out there.",
    "granted": "Granted.",
    "nothing": "There was nothing to change: somebody did the same already.",
    "removed": "Removed.",
    "revoked": "Revoked.",
}
"""What pages say of what was just done; addresses name it by a word, so that no link has a page say anything else."""
_FOR_SUPERADMINS = (
    Link("People", "users"),
    Link("Service accounts", "service_accounts"),
    Link("Groups", "groups"),
    Link("Datasets", "datasets"),
    Link("Permissions", "permissions"),
    Link("Terms of service", "terms"),
    Link("Service tables", "tables"),
    Link("Public roots", "roots"),
    Link("Viewers", "apps"),
    Link("Institutions", "affiliations"),
    Link("Audit", "audit"),
)


def areas_of(caller: Known) -> Sequence[Link]:
    """What somebody may administer."""
    if caller.admin:
        return _FOR_SUPERADMINS
    links = {"groups": caller.groups_run, "datasets": caller.datasets_run}
    return [each for each in _FOR_SUPERADMINS if links.get(each.to)]


@dataclass(frozen=True, kw_only=True)
class Desk:
    """Where administrators sit."""

    needs: Needs
    pages: Pages

    def reading(self) -> AbstractAsyncContextManager[AsyncSession]:
        """Begin to read."""
        return self.needs.database.begin()

    def changing(self, request: Request, caller: Known) -> AbstractAsyncContextManager[Changing]:
        """Begin a change in the caller's name."""
        return changing(self.needs, request, caller)

    def show(
        self,
        request: Request,
        caller: Known,
        template: str,
        values: Mapping[str, object],
        *,
        status: int = 200,
    ) -> Response:
        """A page."""
        home = home_of(request)
        here = request.url.path.removeprefix(home).strip("/").partition("/")[0]
        told = {
            "areas": areas_of(caller),
            "caller": caller,
            "done": DONE.get(request.query_params.get("done", ""), ""),
            "here": here,
            "home": home,
        }
        return self.pages.answer(request, f"admin/{template}", {**told, **values}, person=caller, status=status)

    def go(self, request: Request, path: str, done: str = "") -> Response:
        """Send the browser on to another page of the administration."""
        return see_other(f"{home_of(request)}/{path}" + (f"?done={done}" if done else ""))


def home_of(request: Request) -> str:
    """Where the administration is on this host."""
    return str(request.scope.get("root_path", "")).rstrip("/") + "/admin"
