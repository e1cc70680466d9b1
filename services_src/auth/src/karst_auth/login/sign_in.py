"""What signing in needs, and what both ways end with: a token, a cookie, and a way on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

import orjson
from fastapi import Request
from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from karst_auth.api.needs import Needs
from karst_auth.changes import tokens
from karst_auth.changes.ledger import Actor
from karst_auth.known import Known
from karst_auth.login.attempts import Attempts, Then
from karst_auth.login.origins import Origins, merged, origin_in
from karst_auth.login.providers import Provider
from karst_platform.cave.errors import CaveError
from karst_platform.cave.guard.addresses import address_of
from karst_platform.cave.guard.places import Places
from karst_platform.pages import Pages, Person, root_of

_OPENER_STAYS: Mapping[str, str] = {"Cross-Origin-Opener-Policy": "unsafe-none"}
"""Windows that viewers open may go on to speak with them, also after pages of the provider."""
_AWAY = {"Cache-Control": "no-store"}
_ON_THE_WAY = re.compile(r"/(authorize|oauth2callback|tos/\d+/accept|settings/username|choose_username|demo)/*$")
"""Paths on which people come by while a window waits for them."""


@dataclass(frozen=True, kw_only=True)
class SignIn:
    """What all routes of signing in share."""

    needs: Needs
    places: Places
    origins: Origins
    attempts: Attempts
    pages: Pages
    provider: Provider | None
    """Without one nobody can sign in."""

    @property
    def callback(self) -> str:
        """Where the provider sends people back, to the letter as it is registered there."""
        return f"{self.places.login_url}/api/v1/oauth2callback"

    async def then_of(self, told: Mapping[str, str]) -> Then:
        """Read what comes after. Raises CaveError, 400, where nobody may be sent to the address."""
        redirect, tos_id = told.get("redirect", ""), told.get("tos_id", "")
        if redirect and not await self.origins.allows(redirect):
            raise CaveError(400, "unknown_redirect", "Nobody is sent there: its origin is not listed here.")
        is_number = tos_id.isascii() and tos_id.isdigit() and len(tos_id) < 10
        challenge = told.get("code_challenge", "")
        if challenge and (not redirect or len(challenge) != 43):
            raise CaveError(400, "bad_request", "A code_challenge is that of PKCE, S256, and comes with a redirect.")
        return Then(redirect=redirect, tos_id=int(tos_id) if is_number else None, code_challenge=challenge)

    def page(self, path: str, then: Then, **more: str) -> str:
        """The address of a page of ours that goes on with `then`, where people sign in."""
        return self.places.login_url + _with(path, then, more)

    def path(self, request: Request, path: str, then: Then, **more: str) -> str:
        """The same, by the prefix of this request."""
        return root_of(request) + _with(path, then, more)

    async def finish(
        self, request: Request, user: Actor, token: str, then: Then, headers: Mapping[str, str] | None = None
    ) -> Response:
        """Go where somebody came from, or tell the window that waits. The token is one that works."""
        if then.redirect:
            address = await self._address(request, user, token, then)
            return Response(status_code=302, headers={"Location": address, **_AWAY, **(headers or {})})
        origins = await self.origins.all()
        return self.message(request, {"token": token, "app_urls": origins}, origins, headers=headers)

    def message(
        self,
        request: Request,
        message: object,
        origins: list[str],
        *,
        person: Person | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """A page that tells the window that opened it something, if that is a page of one of these origins."""
        told = {"message": orjson.dumps(message).decode(), "origins": orjson.dumps(origins).decode()}
        safe = {"Cache-Control": "no-store", **(headers or {})}
        return self.pages.answer(request, "message.html.j2", told, person=person, headers=safe)

    async def _address(self, request: Request, user: Actor, token: str, then: Then) -> str:
        if then.code_challenge:
            async with self.needs.ledger.change(user) as change:
                bound = bound_to(origin_in(then.redirect) or "", then.code_challenge)
                code = await tokens.create_code(change, user.id or 0, bound)
            return merged(then.redirect, {"code": code})
        if self.origins.is_own(then.redirect, address_of(request)):
            return then.redirect
        return self.origins.with_token(then.redirect, token)


class Windows:
    """Lets pages speak with the window that opened them, also where a guard or an error sends people on."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http" or not _ON_THE_WAY.search(str(scope["path"])):
            await self._app(scope, receive, send)
            return

        async def add(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_OPENER_STAYS)
            await send(message)

        await self._app(scope, receive, add)


def _with(path: str, then: Then, more: Mapping[str, str]) -> str:
    told = {
        **more,
        "redirect": then.redirect,
        "tos_id": str(then.tos_id) if then.tos_id is not None else "",
        "code_challenge": then.code_challenge,
    }
    query = urlencode({name: value for name, value in told.items() if value})
    return f"{path}?{query}" if query else path


def bound_to(origin: str, challenge: str) -> str:
    """What a code is bound to: pages of one origin, which know what the challenge was made of."""
    return f"{origin} {challenge}"


def actor_of(request: Request, caller: Known) -> Actor:
    """Whoever signs in, for the audit log."""
    ip = request.client.host[:45] if request.client is not None else None
    return Actor(id=caller.id, name=caller.email, ip=ip)
