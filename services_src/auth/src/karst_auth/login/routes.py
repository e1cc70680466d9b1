"""The routes of signing in: to the provider, back from it, and a token for a code."""

from __future__ import annotations

import logging
from base64 import urlsafe_b64encode
from dataclasses import replace
from hashlib import sha256

from fastapi import APIRouter, Request
from starlette.responses import PlainTextResponse, Response

from karst_auth.api.needs import get_and_post, json_answer
from karst_auth.changes import terms, tokens
from karst_auth.changes.arrivals import Arrival, arrive
from karst_auth.changes.ledger import Actor
from karst_auth.changes.values import invalid
from karst_auth.login.attempts import Attempt, Then
from karst_auth.login.origins import origin_in
from karst_auth.login.providers import Identity, NoIdentityError, Provider, ProviderAwayError
from karst_auth.login.sign_in import SignIn, bound_to
from karst_platform.cave.errors import CaveError
from karst_platform.cave.guard.addresses import address_of
from karst_platform.cave.guard.decision import is_from_us
from karst_platform.cave.guard.guard import guard_of, token_cookie
from karst_platform.pages import Sent, read_form
from karst_platform.permissions import PUBLIC

_log = logging.getLogger(__name__)
_AWAY = "The provider of sign-ins doesn't answer just now. Try again in a moment."


def routes(sign_in: SignIn) -> APIRouter:
    """All of them."""
    router = APIRouter(tags=["Session and tokens"], dependencies=[PUBLIC])
    _authorize(router, sign_in)
    _callback(router, sign_in)
    _code(router, sign_in)
    return router


def _authorize(router: APIRouter, sign_in: SignIn) -> None:
    @get_and_post(router, "/authorize")
    async def authorize(request: Request) -> Response:
        """Begin to sign in; programs get the address to open as text.

        `redirect` is where to go afterwards with a token, `tos_id` which terms to show before.
        """
        provider = _provider(sign_in)
        sent = await read_form(request) if request.method == "POST" else Sent()
        then = await sign_in.then_of({**request.query_params, **dict(sent.pairs)})
        if sent.is_ticked("tos_agree") and is_from_us(guard_of(request).carried(request), sign_in.places):
            then = replace(then, is_agreed=True)
        headers, cookies = {"Cache-Control": "no-store"}, list[str]()
        if address_of(request).startswith("http://"):
            # Browsers keep the cookie of a sign-in from pages that came without encryption.
            address = sign_in.page("/api/v1/authorize", then)
        else:
            attempt = Attempt(then=then)
            cookie = sign_in.attempts.cookie(attempt)
            if cookie is None:
                invalid("redirect is too long.")
            cookies = [*sign_in.attempts.crowded_out(request), cookie]
            try:
                address = await provider.address(attempt.challenge, sign_in.callback)
            except ProviderAwayError as error:
                raise _away(error) from error
        if request.headers.get("x-requested-with"):
            response: Response = PlainTextResponse(address, headers=headers)
        else:
            response = Response(status_code=302, headers={**headers, "Location": address})
        for cookie in cookies:
            response.headers.append("Set-Cookie", cookie)
        return response


def _callback(router: APIRouter, sign_in: SignIn) -> None:
    @router.get("/oauth2callback")
    async def oauth2callback(request: Request, state: str = "", code: str = "", error: str = "") -> Response:
        """Come back from the provider. Only the browser that began can."""
        provider = _provider(sign_in)
        attempt = sign_in.attempts.read(request, state)
        if attempt is None:
            message = "This sign-in is too old, or was begun in another browser. Begin again."
            raise CaveError(400, "authorization_error", message)
        ended = sign_in.attempts.ended(state)
        if error or not code:
            raise _refused("You were not signed in.", ended)
        try:
            identity = await provider.identity(code, attempt.challenge, sign_in.callback)
        except NoIdentityError as reason:
            raise _refused(str(reason), ended) from reason
        except ProviderAwayError as reason:
            raise _away(reason) from reason
        return await _arrived(request, sign_in, attempt, identity, ended)


async def _arrived(request: Request, sign_in: SignIn, attempt: Attempt, identity: Identity, ended: str) -> Response:
    actor = Actor(id=None, name=identity.email[:320], ip=_ip(request))
    then = attempt.then
    try:
        async with sign_in.needs.ledger.change(actor) as change:
            found = await arrive(change, identity)
            token = await tokens.sign_in(change, found.user_id)
            if then.is_agreed and then.tos_id is not None:
                await terms.accept(change, tos_id=then.tos_id, user_id=found.user_id)
    except CaveError as error:
        await _note_refusal(sign_in, actor, error)
        error.headers = {**(error.headers or {}), "Set-Cookie": ended}
        raise
    # Only now is the token known to work: no cookie is set before.
    cookie = token_cookie(sign_in.places.token_name, token)
    user = Actor(id=found.user_id, name=actor.name, ip=actor.ip)
    response = await _next(request, sign_in, found, user, token, then)
    response.headers.append("Set-Cookie", cookie)
    response.headers.append("Set-Cookie", ended)
    return response


async def _next(request: Request, sign_in: SignIn, found: Arrival, user: Actor, token: str, then: Then) -> Response:
    if found.is_new:
        address = sign_in.page("/settings/username", then, new_account="true", **_popup(then))
    elif then.tos_id is not None and not then.is_agreed:
        rest = replace(then, tos_id=None)
        address = sign_in.page(f"/api/v1/tos/{then.tos_id}/accept", rest, **_popup(then))
    else:
        return await sign_in.finish(request, user, token, then)
    headers = {"Location": address, "Cache-Control": "no-store"}
    return Response(status_code=302, headers=headers)


def _code(router: APIRouter, sign_in: SignIn) -> None:
    @router.post("/authorize/token")
    async def token_of_code(request: Request) -> Response:
        """Give a token for a code, once, to pages of the origin that it was made for: `code` and `code_verifier`."""
        sent = await read_form(request)
        challenge = urlsafe_b64encode(sha256(sent.text("code_verifier").encode()).digest()).rstrip(b"=").decode()
        bound = bound_to(origin_in(request.headers.get("origin", "")) or "", challenge)
        async with sign_in.needs.ledger.change(Actor(id=None, name="code", ip=_ip(request))) as change:
            user_id = await tokens.redeem_code(change, sent.text("code"), bound)
            user = await sign_in.needs.tables.record_of_user(user_id) if user_id is not None else None
            if user is None or not user.is_active:
                raise CaveError(400, "invalid_grant", "This code is unknown, too old, or was redeemed already.")
            token = await tokens.sign_in(change, user.id)
        return json_answer({"token": token})


def _provider(sign_in: SignIn) -> Provider:
    if sign_in.provider is None:
        raise CaveError(503, "no_provider", "Nobody can sign in here: this deployment names no provider of sign-ins.")
    return sign_in.provider


def _popup(then: Then) -> dict[str, str]:
    """What pages on the way keep, so that the window that waits is told in the end."""
    return {} if then.redirect else {"popup": "true"}


def _refused(message: str, ended: str) -> CaveError:
    return CaveError(403, "authorization_error", message, headers={"Set-Cookie": ended})


def _away(reason: ProviderAwayError) -> CaveError:
    _log.warning("the provider of sign-ins is away: %s", reason)
    return CaveError(503, "provider_away", _AWAY, headers={"Retry-After": "5"})


async def _note_refusal(sign_in: SignIn, actor: Actor, error: CaveError) -> None:
    async with sign_in.needs.ledger.change(actor) as change:
        change.note("login.refuse", "login", after={"error": error.code})


def _ip(request: Request) -> str | None:
    return request.client.host[:45] if request.client is not None else None
