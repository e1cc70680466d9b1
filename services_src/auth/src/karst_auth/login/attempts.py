"""Sign-ins under way. All that is known of one lies signed in a cookie of its browser, for ten minutes.

So whichever replica gets the browser back can go on, and nobody can have a browser finish a sign-in that it did not
begin: the answer of the provider must name an attempt whose cookie this browser has.
"""

from __future__ import annotations

import hmac
import json
import secrets
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from typing import Any

from fastapi import Request

from karst_auth.login.origins import origin_in
from karst_auth.login.providers import Challenge

LIFE_S = 600
_LARGEST = 3800
"""Browsers drop cookies above four kilobytes."""
_MOST = 6
"""Sign-ins under way in one browser; each may have a cookie of `_LARGEST`."""
_COOKIE = "__Host-karst_sign_in_"
_PURPOSE = b"karst sign-in "


@dataclass(frozen=True, kw_only=True)
class Then:
    """What comes once somebody is signed in."""

    redirect: str = ""
    """Where to go; blank where a window waits to be told the token."""
    tos_id: int | None = None
    """Terms of service to accept first."""
    is_agreed: bool = False
    """Whether whoever signs in accepted them already."""
    code_challenge: str = ""
    """Set by our own web applications, which redeem a code instead of getting the token by the address."""

    @property
    def targets(self) -> tuple[str, ...]:
        """Origins of other hosts on which it goes on after a form."""
        origin = origin_in(self.redirect)
        return (origin,) if origin is not None else ()


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One sign-in under way."""

    state: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48), repr=False)
    then: Then = field(default_factory=Then)
    ends_s: int = field(default_factory=lambda: int(time.time()) + LIFE_S)

    @property
    def challenge(self) -> Challenge:
        """What the provider's answer must fit."""
        return Challenge(state=self.state, nonce=self.nonce, verifier=self.verifier)


class Attempts:
    """Writes attempts into cookies, and reads them again. Every process with the same key can."""

    def __init__(self, key: str) -> None:
        self._key = sha256(_PURPOSE + key.encode()).digest()

    def cookie(self, attempt: Attempt) -> str | None:
        """The header Set-Cookie of an attempt; None where it is too large for one."""
        value = self._signed(json.dumps(asdict(attempt), separators=(",", ":")).encode())
        if len(value) > _LARGEST:
            return None
        return f"{_name(attempt.state)}={value}; Max-Age={LIFE_S}; {_ATTRIBUTES}"

    def ended(self, state: str) -> str:
        """The header Set-Cookie that takes an attempt away: each is good for one sign-in."""
        return _gone(_name(state))

    def read(self, request: Request, state: str) -> Attempt | None:
        """The attempt that this browser began; None where there is none, or it is too old or not ours."""
        attempt = self._read(request.cookies.get(_name(state), ""))
        if attempt is None or attempt.ends_s < time.time():
            return None
        is_this = hmac.compare_digest(attempt.state.encode(), state.encode(errors="replace"))
        return attempt if is_this else None

    def crowded_out(self, request: Request) -> list[str]:
        """Headers Set-Cookie that take away all but the latest attempts of a browser, when it begins another one.

        No server takes the cookies of a browser in which somebody, or a hostile page, began very many.
        """
        found = {name: self._read(value) for name, value in request.cookies.items() if name.startswith(_COOKIE)}
        ends = {name: attempt.ends_s if attempt is not None else 0 for name, attempt in found.items()}
        # Browsers name older cookies first.
        latest = sorted(ends, key=lambda name: ends[name])[1 - _MOST :]
        return [_gone(name) for name in ends if name not in latest]

    def _read(self, value: str) -> Attempt | None:
        content = self._verified(value)
        if content is None:
            return None
        told: dict[str, Any] = json.loads(content)
        return Attempt(then=Then(**told.pop("then")), **told)

    def _signed(self, content: bytes) -> str:
        return f"{urlsafe_b64encode(content).decode()}.{self._signature(content)}"

    def _verified(self, value: str) -> bytes | None:
        encoded, _, signature = value.partition(".")
        try:
            content = urlsafe_b64decode(encoded.encode("ascii"))
        except ValueError:
            return None
        return content if hmac.compare_digest(self._signature(content).encode(), signature.encode("utf-8")) else None

    def _signature(self, content: bytes) -> str:
        return hmac.new(self._key, content, sha256).hexdigest()


_ATTRIBUTES = "Secure; HttpOnly; Path=/; SameSite=Lax"


def _name(state: str) -> str:
    """One cookie for each sign-in, so that two windows don't disturb each other; no neighbour can set it."""
    digest = sha256(state.encode(errors="replace")).hexdigest()[:12]
    return f"{_COOKIE}{digest}"


def _gone(name: str) -> str:
    return f"{name}=; Max-Age=0; {_ATTRIBUTES}"
