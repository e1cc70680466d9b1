"""Whether a request may go on: one function of what it carries and of whom its token belongs to.

Programs get errors that say where to sign in. Browsers are sent there; they are whoever sends no `Authorization`, no
`X-Requested-With` and no `Origin`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Literal
from urllib.parse import quote

from karst_platform.cave.guard.places import Places, without_tokens
from karst_platform.cave.guard.record import ANONYMOUS, UserRecord

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_SCHEME = "Bearer "


@dataclass(frozen=True, kw_only=True, slots=True)
class Carried:
    """What a request brings that says who sends it. An empty header is none."""

    method: str = "GET"
    url: str = ""
    """The whole address, as the browser knows it."""
    authorization: str = ""
    requested_with: str = ""
    origin: str = ""
    fetch_site: str = ""
    """How the page that asks relates to us: what browsers say in `Sec-Fetch-Site`, and no page can change."""
    query_token: str = ""
    cookie_token: str = ""

    @property
    def is_programmatic(self) -> bool:
        """Whether a program sends it: a script, or a page by `fetch`."""
        return bool(self.authorization or self.requested_with or self.origin)

    @property
    def is_malformed(self) -> bool:
        """Whether it has a header that is no bearer token."""
        return bool(self.authorization) and not self.authorization.startswith(_SCHEME)

    @property
    def source(self) -> Literal["header", "query", "cookie", "nowhere"]:
        """What says the token; the header wins, then the query."""
        if self.authorization:
            return "header"
        if self.query_token:
            return "query"
        return "cookie" if self.cookie_token else "nowhere"


@dataclass(frozen=True, kw_only=True, slots=True)
class Proceed:
    """It goes on, in this user's name; `token` is None for whoever is nobody in particular."""

    user: UserRecord
    token: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Refuse:
    """It ends here, with an error."""

    status: int
    error: str
    message: str
    data: Mapping[str, object] | None = None
    challenge: str | None = None
    """The header WWW-Authenticate. Viewers split it at `, ` and `=`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Redirect:
    """A browser goes elsewhere."""

    location: str
    cookie_token: str | None = field(default=None, repr=False)
    """The token that the browser shall send from now on."""


Decision = Proceed | Refuse | Redirect


def token_of(carried: Carried, places: Places) -> str | None:
    """The token that counts: a page of another origin may not use the cookie of whoever looks at it."""
    match carried.source:
        case "header":
            words = carried.authorization.split(" ")
            return words[1] or None if carried.authorization.startswith(_SCHEME) else None
        case "query":
            return carried.query_token
        case "cookie" if not carried.origin or is_from_us(carried, places):
            return carried.cookie_token
        case _:
            return None


def decide(carried: Carried, user: UserRecord | None, places: Places, *, is_public: bool = False) -> Decision:
    """Decide, once it is known whose token `token_of` is: `user` is None where it is nobody's, or there is none."""
    if carried.method == "OPTIONS":
        return Proceed(user=ANONYMOUS, token=None)
    if carried.is_malformed:
        return _malformed(places)
    token = token_of(carried, places)
    if token is not None and user is not None:
        return _known(carried, user, token, places)
    if is_public:
        return Proceed(user=ANONYMOUS, token=None)
    if not carried.is_programmatic:
        return Redirect(location=f"{places.realm}?redirect={quote(without_tokens(carried.url, places.token_name))}")
    return _without_token(places) if token is None else _unknown(places)


def _known(carried: Carried, user: UserRecord, token: str, places: Places) -> Decision:
    if carried.source == "query" and not carried.is_programmatic:
        return Redirect(location=without_tokens(carried.url, places.token_name), cookie_token=token)
    is_change = carried.source == "cookie" and carried.method not in SAFE_METHODS
    if is_change and not carried.requested_with and not is_from_us(carried, places):
        return Refuse(
            status=HTTPStatus.FORBIDDEN,
            error="unknown_origin",
            message="A cookie alone changes nothing: send the token as Authorization: Bearer, or from our own pages.",
        )
    return Proceed(user=user, token=token)


def is_from_us(carried: Carried, places: Places) -> bool:
    """Whether a page of ours sends it. Forms of pages that tell no referrer have the origin `null`."""
    return carried.fetch_site == "same-origin" or places.knows(carried.origin, carried.url)


def _malformed(places: Places) -> Refuse:
    return Refuse(
        status=HTTPStatus.BAD_REQUEST,
        error="bad_auth_header",
        message="Authorization header must begin with 'Bearer'",
        challenge=_challenge(places, "invalid_request", "Header must begin with 'Bearer'"),
    )


def _without_token(places: Places) -> Refuse:
    return Refuse(
        status=HTTPStatus.UNAUTHORIZED,
        error="no_token",
        message="Unauthorized - No Token Provided",
        challenge=f'Bearer realm="{places.realm}"',
    )


def _unknown(places: Places) -> Refuse:
    return Refuse(
        status=HTTPStatus.UNAUTHORIZED,
        error="invalid_token",
        message="Unauthorized - Token is Invalid or Expired",
        data={"issuer": places.login_url},
        challenge=_challenge(places, "invalid_token", "Invalid/Expired Token"),
    )


def _challenge(places: Places, error: str, description: str) -> str:
    return f'Bearer realm="{places.realm}", error="{error}", error_description="{description}"'
