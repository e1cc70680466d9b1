"""The guard of one application, `app.state.guard`: finds out who sends a request, by asking an `Authority`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import cast
from urllib.parse import quote

from fastapi import HTTPException, Request

from karst_platform.cave.errors import CaveError
from karst_platform.cave.guard.addresses import address_of
from karst_platform.cave.guard.authority import Authority, Freshness
from karst_platform.cave.guard.decision import Carried, Proceed, Redirect, Refuse, decide, token_of
from karst_platform.cave.guard.places import Places, without_tokens
from karst_platform.cave.guard.record import ANONYMOUS, EVERYBODY, UserRecord
from karst_platform.requests import admit_user

_TOKEN = "karst.cave.token"  # noqa: S105 - a name
DEFAULT_NAMESPACE = "datastack"


class RedirectError(HTTPException):
    """An answer that sends a browser elsewhere."""

    def __init__(self, location: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(302, "Go on there.", {"Location": location, "Cache-Control": "no-store", **(headers or {})})


class Guard:
    """Finds out who calls. `namespace` is that of tables for which a route names none.

    `is_disabled` asks nobody: everybody is superadmin.
    """

    def __init__(
        self,
        authority: Authority,
        places: Places,
        *,
        namespace: str = DEFAULT_NAMESPACE,
        is_disabled: bool = False,
    ) -> None:
        self.authority, self.places, self.namespace, self.is_disabled = authority, places, namespace, is_disabled

    async def caller(
        self, request: Request, freshness: Freshness, is_public: Callable[[], Awaitable[bool]]
    ) -> UserRecord:
        """Whoever calls, `ANONYMOUS` where they needn't say. Raises CaveError, or RedirectError for browsers."""
        if self.is_disabled:
            return EVERYBODY
        carried = self.carried(request)
        token = token_of(carried, self.places)
        user = await self.authority.record(token, freshness) if token is not None else None
        is_open = user is None and not carried.is_malformed and await is_public()
        decision = decide(carried, user, self.places, is_public=is_open)
        match decision:
            case Proceed():
                return self._admit(request, decision)
            case Redirect():
                raise RedirectError(decision.location, self._cookie(decision))
            case Refuse():
                headers = {"WWW-Authenticate": decision.challenge} if decision.challenge is not None else None
                raise CaveError(decision.status, decision.error, decision.message, data=decision.data, headers=headers)

    async def asked_anew(self, request: Request) -> UserRecord | None:
        """Whoever calls, as auth knows them now; None where they are nobody in particular, or no longer known."""
        token = caller_token(request)
        return await self.authority.record(token, Freshness.ANEW) if token is not None else None

    def carried(self, request: Request) -> Carried:
        """What the request brings that says who sends it."""
        headers, name = request.headers, self.places.token_name
        return Carried(
            method=request.method,
            url=address_of(request),
            authorization=headers.get("authorization", "").strip(),
            requested_with=headers.get("x-requested-with", ""),
            origin=headers.get("origin", ""),
            fetch_site=headers.get("sec-fetch-site", ""),
            query_token=request.query_params.get(name, "") if request.scope["query_string"] else "",
            cookie_token=request.cookies.get(name, "") if "cookie" in headers else "",
        )

    def return_address(self, request: Request) -> str:
        """The address, without tokens, as it stands in the query of another."""
        return quote(without_tokens(address_of(request), self.places.token_name))

    def _admit(self, request: Request, decision: Proceed) -> UserRecord:
        if decision.user is not ANONYMOUS:
            admit_user(request, decision.user.email)
        request.scope[_TOKEN] = decision.token
        return decision.user

    def _cookie(self, decision: Redirect) -> dict[str, str] | None:
        if decision.cookie_token is None:
            return None
        return {"Set-Cookie": token_cookie(self.places.token_name, decision.cookie_token)}


def guard_of(request: Request) -> Guard:
    """The guard of the application that answers."""
    return cast("Guard", request.app.state.guard)


def caller_token(request: Request) -> str | None:
    """The token with which the caller was let in; None where they are nobody in particular."""
    return request.scope.get(_TOKEN)


def token_cookie(name: str, token: str) -> str:
    """The header Set-Cookie that has a browser send this token to us, and to nobody else."""
    return f"{name}={token}; Secure; HttpOnly; Path=/; SameSite=Lax"
