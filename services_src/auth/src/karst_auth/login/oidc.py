"""Providers that speak OpenID Connect: all that is needed to know of one is its issuer and our account there.

Codes are redeemed with PKCE. Tokens count only if the issuer signed them with a key that it publishes now, for us, for
this very sign-in (`nonce`), and not too long ago.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import cast
from urllib.parse import urlencode, urlsplit

import httpx
import jwt

from karst_auth.login.providers import Challenge, Identity, NoIdentityError, ProviderAwayError

GOOGLE = "https://accounts.google.com"
_ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")
_TIMEOUT_S = 10.0
_KEPT_S = 3600.0
_LEEWAY_S = 60
_SCOPES = "openid email profile"
_LARGEST_BYTES = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Client:
    """Our account at the provider."""

    client_id: str
    secret: str = field(default="", repr=False)


def read_client(text: str) -> Client:
    """Read the file that Google gives for a web client, or `{"client_id": ..., "client_secret": ...}`.

    Raises ValueError, which quotes nothing of it.
    """
    try:
        told = cast("Mapping[str, Mapping[str, str]]", json.loads(text))
        inner = cast("Mapping[str, str]", told.get("web") or told)
        return Client(client_id=inner["client_id"], secret=inner.get("client_secret", ""))
    except (ValueError, KeyError, AttributeError, TypeError):
        raise ValueError("is no web client: store the JSON file that the provider gives for it") from None


@dataclass(frozen=True, kw_only=True)
class _Endpoints:
    authorization: str
    token: str
    keys: str
    issuer: str


class Oidc:
    """One issuer, found by discovery. What it publishes is kept for an hour; a new key is looked for at once."""

    def __init__(self, issuer: str, client: Client, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._issuer, self._client = issuer.rstrip("/"), client
        self._http = httpx.AsyncClient(timeout=_TIMEOUT_S, transport=transport, follow_redirects=False)
        self._endpoints: _Endpoints | None = None
        self._keys: jwt.PyJWKSet | None = None
        self._until_s = 0.0

    async def address(self, challenge: Challenge, callback: str) -> str:
        """Where a browser goes to sign in."""
        endpoints = await self._discovered()
        told = {
            "client_id": self._client.client_id,
            "redirect_uri": callback,
            "response_type": "code",
            "scope": _SCOPES,
            "state": challenge.state,
            "nonce": challenge.nonce,
            "code_challenge": _encoded(sha256(challenge.verifier.encode()).digest()),
            "code_challenge_method": "S256",
            "prompt": "select_account",
        }
        mark = "&" if "?" in endpoints.authorization else "?"
        return f"{endpoints.authorization}{mark}{urlencode(told)}"

    async def identity(self, code: str, challenge: Challenge, callback: str) -> Identity:
        """Redeem a code, and read who it is from the token that comes for it."""
        endpoints = await self._discovered()
        told = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": callback,
            "code_verifier": challenge.verifier,
            "client_id": self._client.client_id,
            **({"client_secret": self._client.secret} if self._client.secret else {}),
        }
        answer = await self._asked("POST", endpoints.token, told)
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise NoIdentityError("The sign-in was not accepted. Begin again.")
        claims = await self._claims(token, endpoints)
        if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), challenge.nonce.encode()):
            raise NoIdentityError("This sign-in belongs to another browser. Begin again.")
        if claims.get("azp", self._client.client_id) != self._client.client_id:
            raise NoIdentityError("This sign-in was made for another application. Begin again.")
        return Identity(
            issuer=endpoints.issuer,
            subject=str(claims["sub"]),
            email=str(claims.get("email", "")),
            name=str(claims.get("name") or claims.get("email", "")),
            is_verified=claims.get("email_verified") in (True, "true"),
        )

    async def close(self) -> None:
        """Let connections go."""
        await self._http.aclose()

    async def _claims(self, token: str, endpoints: _Endpoints) -> Mapping[str, object]:
        for is_last in (False, True):
            key = await self._key(token, endpoints, is_new=is_last)
            if key is not None:
                break
        else:
            raise NoIdentityError("The sign-in was signed by nobody we know. Begin again.")
        try:
            return cast(
                "Mapping[str, object]",
                jwt.decode(
                    token,
                    key,
                    algorithms=[each for each in _ALGORITHMS if each == key.algorithm_name],
                    audience=self._client.client_id,
                    issuer=endpoints.issuer,
                    leeway=_LEEWAY_S,
                    options={"require": ["aud", "exp", "iat", "iss", "sub"]},
                ),
            )
        except jwt.PyJWTError as error:
            raise NoIdentityError("The sign-in could not be confirmed. Begin again.") from error

    async def _key(self, token: str, endpoints: _Endpoints, *, is_new: bool) -> jwt.PyJWK | None:
        try:
            name = jwt.get_unverified_header(token).get("kid")
        except jwt.PyJWTError as error:
            raise NoIdentityError("The sign-in can't be read. Begin again.") from error
        if self._keys is None or is_new:
            published = await self._asked("GET", endpoints.keys)
            try:
                self._keys = jwt.PyJWKSet.from_dict(dict(published))
            except jwt.PyJWTError as error:
                raise ProviderAwayError("The provider publishes no keys.") from error
        usable = [key for key in self._keys.keys if key.algorithm_name in _ALGORITHMS]
        if name is None:
            return usable[0] if len(usable) == 1 else None
        return next((key for key in usable if key.key_id == name), None)

    async def _discovered(self) -> _Endpoints:
        if self._endpoints is None or time.monotonic() > self._until_s:
            told = await self._asked("GET", f"{self._issuer}/.well-known/openid-configuration")
            try:
                found = _Endpoints(
                    authorization=str(told["authorization_endpoint"]),
                    token=str(told["token_endpoint"]),
                    keys=str(told["jwks_uri"]),
                    issuer=str(told["issuer"]),
                )
            except KeyError as error:
                raise ProviderAwayError(f"The provider doesn't say its {error}.") from None
            if found.issuer.rstrip("/") != self._issuer:
                raise ProviderAwayError("The provider calls itself otherwise than it is called here.")
            self._endpoints, self._keys, self._until_s = found, None, time.monotonic() + _KEPT_S
        return self._endpoints

    async def _asked(self, method: str, url: str, form: Mapping[str, str] | None = None) -> Mapping[str, object]:
        """Ask the provider. A refusal of what we send means that nobody signed in."""
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                answer = await self._http.request(method, url, data=form, headers={"Accept": "application/json"})
        except (httpx.HTTPError, TimeoutError) as error:
            raise ProviderAwayError(f"{urlsplit(url).netloc} doesn't answer.") from error
        if form is not None and 400 <= answer.status_code < 500:
            raise NoIdentityError("The sign-in was not accepted, or is too old. Begin again.")
        try:
            told: object = answer.json() if answer.is_success and len(answer.content) <= _LARGEST_BYTES else None
        except ValueError:
            told = None
        if not isinstance(told, dict):
            raise ProviderAwayError(f"{urlsplit(url).netloc} answers {answer.status_code}.")
        return cast("Mapping[str, object]", told)


def _encoded(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()
