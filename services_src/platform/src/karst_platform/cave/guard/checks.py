"""What a route of a CAVE service asks of its caller; each is a dependency that gives the handler the caller's record.

    may_view = require("view", namespace="aligned_volume", table="name")

    @router.get("/aligned_volume/{name}")
    async def volume(name: str, caller: Annotated[UserRecord, Depends(may_view)]) -> ...

Whoever is refused by what we remember of them is looked up once more before they hear of it.
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from fastapi import Request

from karst_platform.cave.errors import CaveError
from karst_platform.cave.guard.authority import Freshness
from karst_platform.cave.guard.guard import Guard, guard_of
from karst_platform.cave.guard.record import UserRecord
from karst_platform.permissions import Requires


class Check(Requires[UserRecord]):
    """Asks who calls, and nothing more; others add what they demand in `denial`."""

    def __init__(self, name: str, *, freshness: Freshness, about: str = "table") -> None:
        super().__init__(name, lambda _caller, _about: True, about=about)
        self.freshness = freshness

    async def __call__(self, request: Request) -> UserRecord:
        """Find out who calls. Raises CaveError, or RedirectError for browsers."""
        guard = guard_of(request)

        async def is_public() -> bool:
            return await self.is_public(guard, request)

        user = await guard.caller(request, self.freshness, is_public)
        if guard.is_disabled or await self.denial(guard, user, request) is None:
            return user
        again = await guard.asked_anew(request) or user
        refusal = await self.denial(guard, again, request)
        if refusal is not None:
            raise refusal
        return again

    async def is_public(self, _guard: Guard, _request: Request) -> bool:
        """Whether anybody may, without saying who they are."""
        return False

    async def denial(self, _guard: Guard, _user: UserRecord, _request: Request) -> Exception | None:
        """Why this user may not; None where they may."""
        return None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name})"


class Condition(Check):
    """Asks something of the caller's record alone, and of the request's path; fails with a role that is missing."""

    def __init__(
        self,
        name: str,
        holds: Callable[[UserRecord, Request], bool],
        *,
        message: str,
        freshness: Freshness = Freshness.RECENT,
    ) -> None:
        super().__init__(name, freshness=freshness)
        self._holds, self._message = holds, message

    async def denial(self, _guard: Guard, user: UserRecord, request: Request) -> Exception | None:
        """Say which role is missing."""
        return None if self._holds(user, request) else missing_role(self.name, self._message)


class Member(Check):
    """Asks that the caller is in a group."""

    def __init__(self, group: str) -> None:
        super().__init__(f"member of {group}", freshness=Freshness.RECENT)
        self._group = group

    async def denial(self, _guard: Guard, user: UserRecord, _request: Request) -> Exception | None:
        """Say which group."""
        if self._group in user.groups:
            return None
        message = f"Requires membership of group: {self._group}"
        return CaveError(HTTPStatus.FORBIDDEN, "missing_group", message, data={"required_group": self._group})


def missing_role(role: str, message: str, dataset: str | None = None) -> CaveError:
    """The refusal of whoever has not the role."""
    data = {"required_role": role, **({"auth_dataset": dataset} if dataset is not None else {})}
    return CaveError(HTTPStatus.FORBIDDEN, "missing_role", message, data=data)


signed_in = Check("authenticated", freshness=Freshness.CACHED)
"""Any valid token."""
superadmin = Condition("superadmin", lambda user, _request: user.admin, message="Requires superadmin privilege.")
some_role = Condition(
    "some role",
    lambda user, _request: user.has_role,
    message="Requires a role: superadmin, dataset admin, group admin or service account.",
)
