"""Whoever vouches for who somebody is: Google, another issuer of OpenID Connect, or, on one machine, nobody at all."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Somebody, as a provider knows them: `issuer` and `subject` together never change, all else may."""

    issuer: str
    subject: str
    email: str
    name: str
    is_verified: bool
    """Whether the provider made sure that the address is theirs."""


@dataclass(frozen=True, kw_only=True)
class Challenge:
    """What binds an answer of the provider to the browser that asked."""

    state: str
    nonce: str
    verifier: str = field(repr=False)
    """Of PKCE: who redeems the code must know it."""


class NoIdentityError(Exception):
    """The provider does not vouch for whoever came back; the message is for people."""


class ProviderAwayError(ConnectionError):
    """The provider doesn't answer; people try again later."""


class Provider(Protocol):
    """A provider of identities."""

    async def address(self, challenge: Challenge, callback: str) -> str:
        """Where a browser goes to sign in; it comes back to `callback`. Raises ProviderAwayError."""
        ...

    async def identity(self, code: str, challenge: Challenge, callback: str) -> Identity:
        """Who came back with this code. Raises NoIdentityError, ProviderAwayError."""
        ...
