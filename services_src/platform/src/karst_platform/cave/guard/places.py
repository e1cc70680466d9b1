"""Where people sign in, which pages may use their cookies, and addresses without the tokens that they bring."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit, urlunsplit

DEPRECATED_NAME = "token"
"""The parameter of older viewers, beside the present one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Places:
    """What the guard of one deployment is told."""

    sticky_auth_url: str
    """Host and path of the sign-in service, without a scheme: `g.example.org/sticky_auth`."""
    token_name: str = "middle_auth_token"  # noqa: S105 - a name
    """Name of the cookie and of the parameter."""
    origins: frozenset[str] = frozenset()
    """Other origins, such as `https://viewer.example.org`, whose pages may use the cookie."""

    @property
    def login_url(self) -> str:
        """Address of the sign-in service, without a slash at its end."""
        return f"https://{self.sticky_auth_url}"

    @property
    def realm(self) -> str:
        """Where to sign in."""
        return f"{self.login_url}/api/v1/authorize"

    def tos_form(self, tos_id: int) -> str:
        """Where to accept terms of service."""
        return f"{self.login_url}/api/v1/tos/{tos_id}/accept"

    def knows(self, origin: str, url: str) -> bool:
        """Whether a page of this origin is one of ours: of the same host as what it asks, or listed."""
        return origin == origin_of(url) or origin in self.origins


def origin_of(url: str) -> str:
    """Scheme, host and port of an address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()


def without_tokens(url: str, token_name: str) -> str:
    """The address without the parameters that bring a token; all others stay as they were written."""
    parts = urlsplit(url)
    kept = [each for each in parts.query.split("&") if _name(each) not in (token_name, DEPRECATED_NAME)]
    return urlunsplit(parts._replace(query="&".join(kept)))


def _name(parameter: str) -> str:
    named = parse_qsl(parameter, keep_blank_values=True)
    return named[0][0] if named else ""
