"""What a route asks of its caller. Each route says it with one dependency, so that a test can walk all of them.

@routes.get("/atlas/{dataset}")
async def entries(dataset: str, caller: Reader) -> ...
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Protocol

from fastapi import Depends, HTTPException, Request

from karst_clio.identity.user import Caller, Role

NO_PERMISSION = "user doesn't have authorization"


class Authenticates(Protocol):
    """Finds out who calls."""

    async def caller(self, request: Request, *, is_fresh: bool) -> Caller:
        """Whoever calls; `is_fresh` asks anew who that is.

        Raises HTTPException: 401 where nobody that we know calls, 400 where the user is disabled.
        """
        ...


class Requires:
    """A permission that a route needs, for the dataset in its path where it has one.

    A dependency: it gives the handler its caller, or refuses with `refusal`.
    """

    def __init__(
        self, name: str, allows: Callable[[Caller, str], bool], *, refusal: int = 401, is_fresh: bool = False
    ) -> None:
        self.name = name
        self.allows = allows
        self.refusal = refusal
        self._is_fresh = is_fresh

    async def __call__(self, request: Request) -> Caller:
        """Find out who calls, and refuse whoever may not."""
        identity: Authenticates = request.app.state.identity
        caller = await identity.caller(request, is_fresh=self._is_fresh)
        if not self.allows(caller, request.path_params.get("dataset", "")):
            raise HTTPException(self.refusal, NO_PERMISSION)
        return caller

    def __repr__(self) -> str:
        return f"Requires({self.name}, {self.refusal})"


class RequiresToDelete(Requires):
    """As `can_write_own`, but `can_write_others` where the query names another user in `user_email`."""

    def __init__(self) -> None:
        super().__init__("can_write_own", Caller.can_write_own)

    async def __call__(self, request: Request) -> Caller:
        """Find out who calls, and whose data it is about."""
        owner = request.query_params.get("user_email")
        if not owner:
            return await super().__call__(request)
        identity: Authenticates = request.app.state.identity
        caller = await identity.caller(request, is_fresh=False)
        check_writes_for(caller, owner, request.path_params["dataset"])
        return caller


def check_writes_for(caller: Caller, owner: str, dataset: str) -> None:
    """Refuse with 401 whoever may not write in a user's name, its own included."""
    if not (caller.can_write_own(dataset) if caller.is_(owner) else caller.can_write_others(dataset)):
        raise HTTPException(401, NO_PERMISSION)


class Public(Requires):
    """A route that anybody may call without saying who they are."""

    def __init__(self) -> None:
        super().__init__("public", lambda _caller, _dataset: True)

    async def __call__(self, request: Request) -> None:  # type: ignore[override]  # nobody is asked, so there is no caller
        """Ask nothing."""


authenticated = Requires("authenticated", lambda _caller, _dataset: True)
authenticated_anew = Requires("authenticated", authenticated.allows, is_fresh=True)
can_read = Requires("can_read", Caller.can_read)
can_write_own = Requires("can_write_own", Caller.can_write_own)
can_write_others = Requires("can_write_others", Caller.can_write_others)
can_write_any = Requires(
    "can_write_own or can_write_others",
    lambda caller, dataset: caller.can_write_own(dataset) or caller.can_write_others(dataset),
)
is_admin = Requires("is_admin", lambda caller, _dataset: caller.is_admin)
is_general = Requires("clio_general", lambda caller, dataset: caller.has_role(Role.GENERAL, dataset))
is_general_403 = Requires("clio_general", is_general.allows, refusal=403)
can_delete_neurons = Requires(
    "can_write_others or is_dataset_admin",
    lambda caller, dataset: caller.can_write_others(dataset) or caller.is_dataset_admin(dataset),
)
anybody = Public()

Anyone = Annotated[Caller, Depends(authenticated)]
"""Whoever is logged in; the handler checks the rest."""
AnyoneAnew = Annotated[Caller, Depends(authenticated_anew)]
"""The same, as the auth gateway knows it now."""
Reader = Annotated[Caller, Depends(can_read)]
Writer = Annotated[Caller, Depends(can_write_own)]
AnyWriter = Annotated[Caller, Depends(can_write_any)]
"""Whoever may write in its own name or in those of others; the handler checks whose it is."""
WriterForOthers = Annotated[Caller, Depends(can_write_others)]
Admin = Annotated[Caller, Depends(is_admin)]
General = Annotated[Caller, Depends(is_general)]
General403 = Annotated[Caller, Depends(is_general_403)]
"""For the routes that refuse with 403: signatures and neuPrint."""
Remover = Annotated[Caller, Depends(RequiresToDelete())]
ANYBODY = Depends(anybody)
"""For routes that ask nothing: `dependencies=[ANYBODY]`."""
NeuronsRemover = Annotated[Caller, Depends(can_delete_neurons)]
