"""Signing in without proof, on one machine that nobody else reaches: people choose who they are.

Only the program that runs all services on one machine makes this provider; no setting does.
"""

from __future__ import annotations

import hmac
import ipaddress
import json
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from typing import cast
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from sqlalchemy import func, or_, select
from starlette.responses import Response

from karst_auth import people
from karst_auth.api.needs import Needs, json_answer
from karst_auth.changes import tokens, users
from karst_auth.changes.ledger import DEPLOYMENT
from karst_auth.changes.values import email
from karst_auth.login.attempts import LIFE_S
from karst_auth.login.providers import Challenge, Identity, NoIdentityError
from karst_auth.login.sign_in import SignIn
from karst_auth.model import User
from karst_platform.cave.errors import CaveError
from karst_platform.cave.guard.decision import is_from_us
from karst_platform.cave.guard.guard import guard_of
from karst_platform.pages import Listing, read_form, see_other, window_of
from karst_platform.permissions import PUBLIC

ISSUER = "demo"
KEY_HEADER = "X-Karst-Demo-Key"


@dataclass(frozen=True, kw_only=True)
class Demo:
    """Whoever holds `key`, which lies in a file of the user who runs the services, gets tokens of anybody."""

    key: str = field(repr=False)

    def code(self, address: str, nonce: str) -> str:
        """What the page sends back: who was chosen, signed for one sign-in."""
        told = json.dumps({"email": address, "nonce": nonce, "ends_s": int(time.time()) + LIFE_S}).encode()
        return f"{urlsafe_b64encode(told).decode()}.{self._signature(told)}"

    def chosen(self, code: str, nonce: str) -> str:
        """Who was chosen. Raises NoIdentityError."""
        encoded, _, signature = code.partition(".")
        try:
            told = urlsafe_b64decode(encoded.encode("ascii"))
            is_ours = hmac.compare_digest(self._signature(told).encode(), signature.encode())
            claims = cast("dict[str, object]", json.loads(told)) if is_ours else {}
        except ValueError:
            claims = {}
        if claims.get("nonce") != nonce or not isinstance(claims.get("email"), str):
            raise NoIdentityError("Nobody was chosen. Begin again.")
        if cast("int", claims["ends_s"]) < time.time():
            raise NoIdentityError("This is too long ago. Begin again.")
        return str(claims["email"])

    def _signature(self, told: bytes) -> str:
        return hmac.new(self.key.encode(), b"karst demo " + told, sha256).hexdigest()


class DemoProvider:
    """Vouches for whoever somebody says that they are."""

    def __init__(self, demo: Demo, needs: Needs, login_url: str) -> None:
        self._demo, self._needs, self._login_url = demo, needs, login_url

    async def address(self, challenge: Challenge, callback: str) -> str:  # noqa: ARG002 - it is always ours
        """The page of ours on which to choose."""
        return f"{self._login_url}/demo?{urlencode({'state': challenge.state, 'nonce': challenge.nonce})}"

    async def identity(self, code: str, challenge: Challenge, callback: str) -> Identity:  # noqa: ARG002
        """Who was chosen."""
        return await identity_of(self._needs, self._demo.chosen(code, challenge.nonce))


async def identity_of(needs: Needs, address: str) -> Identity:
    """Somebody by their address, with the name that they have here already."""
    async with needs.database.begin() as session:
        name = await session.scalar(select(User.name).where(func.lower(User.email) == address.lower()))
    told = name or address.partition("@")[0]
    return Identity(issuer=ISSUER, subject=address.lower(), email=address, name=told, is_verified=True)


def routes(sign_in: SignIn, demo: Demo) -> APIRouter:
    """The page on which to choose, and a token for commands on this machine."""
    router = APIRouter(include_in_schema=False, dependencies=[PUBLIC])
    needs = sign_in.needs

    @router.get("/demo")
    async def choose(request: Request, state: str = "", nonce: str = "") -> Response:
        _demand_this_machine(request)
        window = window_of(request, per_page=20, others=["state", "nonce"])
        shown = select(User).where(User.parent_id.is_(None), User.active)
        if window.search:
            shown = shown.where(or_(people.like(User.email, window.search), people.like(User.name, window.search)))
        async with needs.database.begin() as session:
            total = await session.scalar(select(func.count()).select_from(shown.subquery())) or 0
            rows = (await session.scalars(shown.order_by(User.id).offset(window.offset).limit(20))).all()
        listing = Listing(
            items=[each for each in rows if not each.email.endswith(".invalid")], total=total, window=window
        )
        values = {"listing": listing, "state": state, "nonce": nonce}
        return sign_in.pages.answer(request, "demo.html.j2", values)

    @router.post("/demo")
    async def chosen(request: Request) -> Response:
        _demand_this_machine(request)
        if not is_from_us(guard_of(request).carried(request), sign_in.places):
            raise CaveError(403, "csrf", "This form was sent from a page of another site, so nothing was done.")
        sent = await read_form(request)
        code = demo.code(email(sent.text("email")), sent.text("nonce"))
        told = urlencode({"state": sent.text("state"), "code": code})
        return see_other(f"{sign_in.callback}?{told}")

    @router.post("/demo/token")
    async def token(request: Request) -> Response:
        """A fresh token of somebody, for whoever can read the key; `create` makes them where they aren't there."""
        _demand_this_machine(request)
        if not hmac.compare_digest(request.headers.get(KEY_HEADER, "").encode(), demo.key.encode()):
            raise CaveError(403, "wrong_key", "This key is not that of the running services.")
        sent = await read_form(request)
        address = email(sent.text("email"))
        async with needs.ledger.change(DEPLOYMENT) as change:
            query = select(User).where(func.lower(User.email) == address, User.parent_id.is_(None))
            user = await change.session.scalar(query)
            if user is None and not sent.is_ticked("create"):
                raise CaveError(404, "not_found", f"There is no user {address}.")
            if user is not None and not user.active:
                raise CaveError(403, "disabled", f"{address} is disabled.")
            name = sent.text("name") or address.partition("@")[0]
            user_id = user.id if user is not None else await users.create(change, name=name, address=address)
            made = await tokens.sign_in(change, user_id)
        return json_answer({"token": made})

    return router


def _demand_this_machine(request: Request) -> None:
    """Whoever started this opened it to nobody else; this holds even if they did by mistake."""
    host = request.client.host if request.client is not None else ""
    try:
        is_here = ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_here = False
    if not is_here:
        raise CaveError(403, "not_here", "Only this machine may choose who it is.")
