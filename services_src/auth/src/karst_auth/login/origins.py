"""Where people may be sent with a token: origins that are listed, to the letter, and nowhere else."""

from __future__ import annotations

import re
from collections.abc import Collection
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from sqlalchemy import select

from karst_auth.model import App
from karst_platform.cave.guard.places import Places, origin_of
from karst_platform.relational import Relational

LONGEST = 2000
_HANDS_ON = "redirect.html"
_ADDRESS = re.compile(
    r"(?P<origin>https?://(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)*[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
    r"(?::[1-9][0-9]{0,4})?)(?:[/?#][\x21-\x5b\x5d-\x7e]*)?"
)
"""Scheme, host and port, then nothing or a path: no user, no backslash, no space, nothing that readers differ about."""


def origin_in(address: str) -> str | None:
    """The origin of an address that every reader reads alike; None for any other."""
    found = _ADDRESS.fullmatch(address) if len(address) <= LONGEST else None
    return _plain(found["origin"]) if found is not None else None


def _plain(origin: str) -> str:
    scheme, _, host = origin.lower().partition("://")
    default = ":443" if scheme == "https" else ":80"
    return f"{scheme}://{host.removesuffix(default)}"


class Origins:
    """The origins of our own hosts and of viewers: those of the settings, and those that administrators listed."""

    def __init__(self, database: Relational, places: Places, listed: Collection[str]) -> None:
        self._database, self._places = database, places
        self._listed = frozenset(map(_plain, {*listed, *places.origins, origin_of(places.login_url)}))

    async def all(self) -> list[str]:
        """All of them, in order."""
        async with self._database.begin() as session:
            rows = await session.scalars(select(App.url))
            found = {origin for row in rows if (origin := origin_in(row.rstrip("/"))) is not None}
        return sorted(found | self._listed)

    async def allows(self, address: str) -> bool:
        """Whether people may be sent to this address with a token."""
        origin = origin_in(address)
        return origin is not None and (origin in self._listed or origin in await self.all())

    def is_own(self, address: str, here: str) -> bool:
        """Whether the cookie of `here`, an address of ours, is sent there too: then no token need stand in it.

        Pages that hand the token on to a viewer, such as `auth_redirect.html`, read it in their address wherever they
        are.
        """
        hands_on = urlsplit(address).path.endswith(_HANDS_ON)
        return origin_in(address) == _plain(origin_of(here)) and not hands_on

    def with_token(self, address: str, token: str) -> str:
        """The address with the token as services and viewers read it."""
        name = self._places.token_name
        told = {name: token, "middle_auth_url": self._places.sticky_auth_url, "token": token}
        return merged(address, told)


def merged(address: str, parameters: dict[str, str]) -> str:
    """The address with these parameters in place of any of the same name."""
    parts = urlsplit(address)
    kept = [each for each in parts.query.split("&") if each and _name(each) not in parameters]
    return urlunsplit(parts._replace(query="&".join([*kept, urlencode(parameters)]), path=parts.path or "/"))


def _name(parameter: str) -> str:
    named = parse_qsl(parameter, keep_blank_values=True)
    return named[0][0] if named else ""
