"""A Google of our own: it signs tokens and publishes its keys."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from jwt.algorithms import RSAAlgorithm

from karst_clio.identity.google_tokens import KEYS_URL
from services_src.clio.tests.support import NOW_S

AUDIENCE = "client.apps.example.org"


@cache
def _key(name: str) -> RSAPrivateKey:
    del name
    return generate_private_key(public_exponent=65537, key_size=2048)


@dataclass
class Google:
    """Answers requests for keys; `published` are their ids."""

    published: tuple[str, ...] = ("one",)
    max_age_s: int = 3600
    is_away: bool = False
    asked: list[str] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        assert str(request.url) == KEYS_URL
        self.asked.append(str(request.url))
        if self.is_away:
            raise httpx.ConnectTimeout("away", request=request)
        keys = [_public(name) for name in self.published]
        return httpx.Response(200, json={"keys": keys}, headers={"Cache-Control": f"public, max-age={self.max_age_s}"})


def google_token(key: str = "one", algorithm: str = "RS256", **claims: object) -> str:
    """A token as Google makes them; claims that are None are left out."""
    every: dict[str, Any] = {
        "iss": "https://accounts.google.com",
        "aud": AUDIENCE,
        "email": "Ada@example.org",
        "email_verified": True,
        "hd": "example.org",
        "name": "Ada",
        "picture": "https://pictures.example.org/ada",
        "iat": NOW_S - 60,
        "exp": NOW_S + 3540,
    } | claims
    kept = {name: value for name, value in every.items() if value is not None}
    body = json.dumps(kept).encode()
    return jwt.PyJWS().encode(body, _key(key), algorithm=algorithm, headers={"kid": key})


def _public(name: str) -> dict[str, Any]:
    found = json.loads(RSAAlgorithm.to_jwk(_key(name).public_key()))
    return found | {"kid": name, "alg": "RS256", "use": "sig"}
