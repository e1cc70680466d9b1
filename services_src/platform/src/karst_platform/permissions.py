"""Permissions: each route declares with one dependency what its caller must be allowed; without it a test fails.

    can_read = Requires("can_read", Caller.can_read)

    @routes.get("/atlas/{dataset}")
    async def entries(dataset: str, caller: Annotated[Caller, Depends(can_read)]) -> ...

Whoever finds out who calls is the application's `app.state.identity`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, Protocol

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts
from typing_extensions import TypeVar

from karst_platform.requests import admit_user

NO_PERMISSION = "user doesn't have authorization"


class Identified(Protocol):
    """Somebody who calls."""

    @property
    def email(self) -> str:
        """The name that stands for the caller; logs get a hash of it."""
        ...


CallerT = TypeVar("CallerT", bound=Identified, default=Any)
KnownT_co = TypeVar("KnownT_co", bound=Identified, covariant=True)


class Identity(Protocol[KnownT_co]):
    """Finds out who calls."""

    async def caller(self, request: Request, *, is_fresh: bool) -> KnownT_co:
        """Whoever calls; `is_fresh` asks anew who that is. Raises HTTPException where nobody that we know does."""
        ...


class Requires(Generic[CallerT]):
    """A permission that a route needs, for what the variable `about` in its path names, where the path has it.

    A dependency: it gives the handler its caller, or refuses with the status `refusal`.
    """

    def __init__(
        self,
        name: str,
        allows: Callable[[CallerT, str], bool],
        *,
        refusal: int = 403,
        is_fresh: bool = False,
        about: str = "dataset",
    ) -> None:
        self.name, self.allows, self.refusal, self.about = name, allows, refusal, about
        self._is_fresh = is_fresh

    async def __call__(self, request: Request) -> CallerT:
        """Find out who calls, and refuse whoever may not."""
        identity: Identity[CallerT] = request.app.state.identity
        caller = await identity.caller(request, is_fresh=self._is_fresh)
        admit_user(request, caller.email)
        if not self.permits(caller, request):
            raise HTTPException(self.refusal, NO_PERMISSION)
        return caller

    def permits(self, caller: CallerT, request: Request) -> bool:
        """Whether the caller may send this request."""
        return self.allows(caller, request.path_params.get(self.about, ""))

    def __repr__(self) -> str:
        return f"Requires({self.name}, {self.refusal})"


class Public(Requires[Identified]):
    """What anybody may call without saying who they are."""

    def __init__(self) -> None:
        super().__init__("public", lambda _caller, _about: True, refusal=401)

    async def __call__(self, request: Request) -> None:  # type: ignore[override]  # nobody is asked, so there is no caller
        """Ask nothing."""


anybody = Public()
PUBLIC = Depends(anybody)
"""For routes and routers that ask nothing: `dependencies=[PUBLIC]`."""


@dataclass(frozen=True)
class Declared:
    """A route, as clients see it, and the permissions that it declares: exactly one, if all is well."""

    method: str
    path: str
    needs: tuple[Requires[Identified], ...]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def declared(app: FastAPI) -> Iterator[Declared]:
    """Every route with a handler of ours; what the framework adds of its own (the schema) has none."""
    for route in iter_route_contexts(app.router.routes):
        if not isinstance(route.original_route, APIRoute):
            continue
        dependant: Dependant = route.dependant
        needs = tuple(_needs(dependant))
        yield from (Declared(method, route.path or "", needs) for method in sorted(route.methods or ()))


def undeclared(app: FastAPI) -> list[str]:
    """Routes that don't say what they need, or say it twice: a test of each service demands that there is none."""
    return [str(route) for route in declared(app) if len(route.needs) != 1]


def _needs(dependant: Dependant) -> Iterator[Requires[Identified]]:
    for each in dependant.dependencies:
        if isinstance(each.call, Requires):
            yield each.call
        yield from _needs(each)
