"""The service's own tokens: JWTs that live for three weeks, signed with a key that DVID and others share."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeGuard

import jwt
from pydantic import SecretStr

from karst_clio.caching import Clock

ALGORITHM = "HS256"
ISSUER = "flyem-clio-store"
LIFE_S = 1_814_400
COPIED = ("hd", "email_verified", "name", "picture", "given_name", "family_name", "locale")
"""Claims of Google that go on into the service's own tokens."""
_LEEWAY_S = 10
_LONGEST_CLAIM = 1024
# Times are ours to check, with the clock that the caller gives; audiences are none of ours.
_OPTIONS: Any = {"verify_exp": False, "verify_nbf": False, "verify_iat": False, "verify_aud": True}


@dataclass(frozen=True, kw_only=True)
class OwnClaims:
    """What a token of ours says, once it has been checked."""

    email: str
    issued_s: float | None
    end_s: float
    copied: tuple[tuple[str, str | bool], ...] = ()
    """What Google said when the token was made."""
    sealed: str | None = field(default=None, repr=False)
    """The gateway's token within ours, sealed."""


class OwnTokens:
    """Signs with the first key; verifies with all of them, so that keys can be replaced without logging anybody out."""

    def __init__(self, keys: Sequence[SecretStr], clock: Clock) -> None:
        self._keys = [key.get_secret_value() for key in keys]
        self._clock = clock

    def sign(self, email: str, extra: Mapping[str, str | bool]) -> str:
        """Make a token that begins now; `extra` claims never replace ours."""
        now_s = int(self._clock())
        claims = {**extra, "email": email, "iat": now_s, "exp": now_s + LIFE_S, "iss": ISSUER}
        return jwt.encode(claims, self._keys[0], algorithm=ALGORITHM)

    def verify(self, text: str) -> OwnClaims | None:
        """What the token says, or None where it is none of ours, over, or not yet good."""
        claims = self._signed_claims(text)
        if claims is None or claims.get("iss", ISSUER) != ISSUER:
            return None
        email, end_s, begin_s = claims.get("email"), _seconds(claims.get("exp")), _seconds(claims.get("nbf", 0))
        sealed = claims.get("gateway")
        if not isinstance(email, str) or not is_address(email) or end_s is None or begin_s is None:
            return None
        now_s = self._clock()
        if end_s <= now_s or begin_s > now_s + _LEEWAY_S:
            return None
        return OwnClaims(
            email=email,
            issued_s=_seconds(claims.get("iat")),
            end_s=end_s,
            copied=copied_claims(claims),
            sealed=sealed if isinstance(sealed, str) else None,
        )

    def _signed_claims(self, text: str) -> Mapping[str, object] | None:
        for key in self._keys:
            try:
                return jwt.decode(text, key, algorithms=[ALGORITHM], options=_OPTIONS)
            except jwt.InvalidSignatureError:
                continue
            except (jwt.PyJWTError, ValueError, RecursionError):
                return None
        return None


def copied_claims(claims: Mapping[str, object]) -> tuple[tuple[str, str | bool], ...]:
    """The claims of Google that go on from token to token, so that pages can show whose it is."""
    return tuple((name, value) for name in COPIED if _is_short(value := claims.get(name)))


def is_address(email: str) -> bool:
    """Whether a text can stand for a user: short, printable, no path, and none of the ids that stores keep."""
    is_reserved = email in {".", ".."} or (email.startswith("__") and email.endswith("__"))
    return 0 < len(email) <= 320 and email.isprintable() and not {"/", "\\", " "} & set(email) and not is_reserved


def _is_short(value: object) -> TypeGuard[str | bool]:
    return isinstance(value, bool) or (isinstance(value, str) and len(value) <= _LONGEST_CLAIM)


def _seconds(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)
