"""Google's ID tokens: checked with Google's keys, which are kept as long as Google says."""

from __future__ import annotations

import asyncio
import logging
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import jwt
from fastapi import HTTPException

from karst_clio.caching import Clock
from karst_clio.identity.own_tokens import copied_claims, is_address

KEYS_URL = "https://www.googleapis.com/oauth2/v3/certs"
ISSUERS = frozenset({"accounts.google.com", "https://accounts.google.com"})
_ALGORITHM = "RS256"
_LEEWAY_S = 10
_SHORTEST_KEEP_S, _USUAL_KEEP_S, _LONGEST_KEEP_S = 60, 3600, 86400
_MAX_AGE = re.compile(r"(?i)\bmax-age=(\d{1,9})\b")
_OPTIONS: Any = {"verify_exp": False, "verify_nbf": False, "verify_iat": False, "verify_aud": False}
_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class GoogleClaims:
    """What a token of Google says, once it has been checked."""

    email: str
    issued_s: float
    end_s: float
    copied: tuple[tuple[str, str | bool], ...]


class GoogleTokens:
    """Checks signature, issuer, audience, times and that the e-mail was verified."""

    def __init__(self, http: httpx.AsyncClient, audiences: Sequence[str], clock: Clock) -> None:
        self._keys = _Keys(http, clock)
        self._audiences = frozenset(audiences)
        self._clock = clock

    async def verify(self, text: str) -> GoogleClaims | None:
        """What the token says, or None where it is none of Google's for us. 503 where Google's keys can't be had."""
        key_id = _key_id(text)
        key = await self._keys.get(key_id) if key_id is not None else None
        if key is None:
            return None
        try:
            claims = jwt.decode(text, key, algorithms=[_ALGORITHM], options=_OPTIONS)
        except (jwt.PyJWTError, ValueError, RecursionError):
            return None
        return self._checked(claims)

    def _checked(self, claims: Mapping[str, object]) -> GoogleClaims | None:
        email, audience = claims.get("email"), claims.get("aud")
        if claims.get("iss") not in ISSUERS or claims.get("email_verified") in (False, "false"):
            return None
        if self._audiences and not (isinstance(audience, str) and audience in self._audiences):
            return None
        issued_s, end_s, now_s = _seconds(claims.get("iat")), _seconds(claims.get("exp")), self._clock()
        if not (issued_s <= now_s + _LEEWAY_S and now_s < end_s + _LEEWAY_S):
            return None
        if not isinstance(email, str) or not is_address(email):
            return None
        copied = copied_claims(claims)
        return GoogleClaims(email=email.lower(), issued_s=issued_s, end_s=end_s + _LEEWAY_S, copied=copied)


class _Keys:
    def __init__(self, http: httpx.AsyncClient, clock: Clock) -> None:
        self._http, self._clock = http, clock
        self._lock = asyncio.Lock()
        self._keys: dict[str, jwt.PyJWK] = {}
        self._end_s = self._asked_s = -math.inf

    async def get(self, key_id: str) -> jwt.PyJWK | None:
        """The key of this id. An unknown one asks Google again, at most once a minute: keys change early at times."""
        if self._is_current(key_id):
            return self._keys.get(key_id)
        async with self._lock:
            if not self._is_current(key_id):
                await self._ask()
        if not self._keys:
            raise HTTPException(503, "Google's keys cannot be had just now.", headers={"Retry-After": "10"})
        return self._keys.get(key_id)

    def _is_current(self, key_id: str) -> bool:
        now_s = self._clock()
        was_just_asked = now_s < self._asked_s + _SHORTEST_KEEP_S
        return (now_s < self._end_s and key_id in self._keys) or (was_just_asked and bool(self._keys))

    async def _ask(self) -> None:
        """Replace the keys. Where Google doesn't answer the old ones stay: a key outlives its time by days."""
        self._asked_s = self._clock()
        try:
            answer = await self._http.get(KEYS_URL, timeout=5)
            answer.raise_for_status()
            keys = jwt.PyJWKSet.from_dict(answer.json()).keys
        except (httpx.HTTPError, jwt.PyJWTError, ValueError, AttributeError, TypeError) as error:
            _log.warning("Google's keys cannot be had", exc_info=error)
            return
        self._keys = {key.key_id: key for key in keys if key.key_id is not None}
        found = _MAX_AGE.search(answer.headers.get("cache-control", ""))
        keep_s = int(found[1]) if found else _USUAL_KEEP_S
        self._end_s = self._asked_s + min(max(keep_s, _SHORTEST_KEEP_S), _LONGEST_KEEP_S)


def _key_id(text: str) -> str | None:
    """Id of the key with which the token says it is signed; None where Google would not have made it.

    Looked at before Google is asked for keys, so that nobody makes us ask in vain.
    """
    try:
        header = jwt.get_unverified_header(text)
        claims = jwt.decode(text, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError, RecursionError):
        return None
    key_id, issuer = header.get("kid"), claims.get("iss")
    is_googles = header.get("alg") == _ALGORITHM and isinstance(issuer, str) and issuer in ISSUERS
    return key_id if is_googles and isinstance(key_id, str) else None


def _seconds(value: object) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
