"""The token that a request carries, and where it stood."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256

from starlette.requests import Request

_LONGEST_TOKEN = 8192
NAMES = ("dsg_token", "middle_auth_token")
"""Names of a token in cookies and queries: ours, and that of CAVE, whose login counts here too."""


class Place(StrEnum):
    """Where a token stood."""

    HEADER = "header"
    COOKIE = "cookie"
    QUERY = "query"


@dataclass(frozen=True, kw_only=True)
class Credential:
    """A token as it came; nothing about it has been checked."""

    text: str = field(repr=False)
    place: Place

    @property
    def digest(self) -> bytes:
        """What stands for the token in caches, so that these hold no tokens."""
        return digest_of(self.text)


def is_token(text: str) -> bool:
    """Whether a text can be a token: one that a header can carry, to the gateway for instance, and not too long."""
    return 0 < len(text) <= _LONGEST_TOKEN and text.isascii() and text.isprintable() and " " not in text


def digest_of(token: str) -> bytes:
    """What stands for a token in caches, so that these hold no tokens."""
    return sha256(token.encode(errors="surrogatepass")).digest()


def credential_of(request: Request) -> Credential | None:
    """The token of the `Authorization` header, else of a cookie, else of the query.

    None where there are several such headers: a proxy before us may have looked at another of them.
    """
    given = request.headers.getlist("authorization")
    if len(given) > 1:
        return None
    scheme, _, rest = (given[0] if given else "").partition(" ")
    if scheme.lower() == "bearer" and rest.strip():
        return Credential(text=rest.strip(), place=Place.HEADER)
    for values, place in ((request.cookies, Place.COOKIE), (request.query_params, Place.QUERY)):
        for name in NAMES:
            if text := values.get(name):
                return Credential(text=text, place=place)
    return None
