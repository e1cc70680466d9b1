"""What a route asks of its caller. Each route says it with one dependency, so that a test can walk all of them.

@routes.get("/atlas/{dataset}")
async def entries(dataset: str, caller: Reader) -> ...
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, HTTPException, Request

from karst_clio.identity.user import Caller, Role
from karst_platform.permissions import NO_PERMISSION, PUBLIC, Requires, anybody


def _needs(
    name: str, allows: Callable[[Caller, str], bool], *, refusal: int = 401, is_fresh: bool = False
) -> Requires[Caller]:
    """A permission; most routes of this store refuse with 401."""
    return Requires(name, allows, refusal=refusal, is_fresh=is_fresh)


class RequiresToDelete(Requires[Caller]):
    """As `can_write_own`, but `can_write_others` where the query names another user in `user_email`."""

    def __init__(self) -> None:
        super().__init__("can_write_own", Caller.can_write_own, refusal=401)

    def permits(self, caller: Caller, request: Request) -> bool:
        """Whether the caller may delete that user's data, its own included."""
        owner = request.query_params.get("user_email")
        return _writes_for(caller, owner or caller.email, request.path_params["dataset"])


def check_writes_for(caller: Caller, owner: str, dataset: str) -> None:
    """Refuse with 401 whoever may not write in a user's name, its own included."""
    if not _writes_for(caller, owner, dataset):
        raise HTTPException(401, NO_PERMISSION)


def _writes_for(caller: Caller, owner: str, dataset: str) -> bool:
    return caller.can_write_own(dataset) if caller.is_(owner) else caller.can_write_others(dataset)


authenticated = _needs("authenticated", lambda _caller, _dataset: True)
authenticated_anew = _needs("authenticated", authenticated.allows, is_fresh=True)
can_read = _needs("can_read", Caller.can_read)
can_write_own = _needs("can_write_own", Caller.can_write_own)
can_write_others = _needs("can_write_others", Caller.can_write_others)
can_write_any = _needs(
    "can_write_own or can_write_others",
    lambda caller, dataset: caller.can_write_own(dataset) or caller.can_write_others(dataset),
)
is_admin = _needs("is_admin", lambda caller, _dataset: caller.is_admin)
is_general = _needs("clio_general", lambda caller, dataset: caller.has_role(Role.GENERAL, dataset))
is_general_403 = _needs("clio_general", is_general.allows, refusal=403)
can_delete_neurons = _needs(
    "can_write_others or is_dataset_admin",
    lambda caller, dataset: caller.can_write_others(dataset) or caller.is_dataset_admin(dataset),
)

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
ANYBODY = PUBLIC
"""For routes that ask nothing: `dependencies=[ANYBODY]`."""
NeuronsRemover = Annotated[Caller, Depends(can_delete_neurons)]

__all__ = [
    "ANYBODY",
    "NO_PERMISSION",
    "Admin",
    "AnyWriter",
    "Anyone",
    "AnyoneAnew",
    "General",
    "General403",
    "NeuronsRemover",
    "Reader",
    "Remover",
    "Requires",
    "RequiresToDelete",
    "Writer",
    "WriterForOthers",
    "anybody",
    "authenticated",
    "authenticated_anew",
    "can_delete_neurons",
    "can_read",
    "can_write_any",
    "can_write_others",
    "can_write_own",
    "check_writes_for",
    "is_admin",
    "is_general",
    "is_general_403",
]
