"""What a deployment on one machine adds to its front page: how its services fare, and a token to try them with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

HealthSource = Callable[[], Awaitable[Mapping[str, str | None]]]
"""Asks every service by name: None when it is ready, else one line about what is missing."""


@dataclass(frozen=True, kw_only=True)
class Demo:
    """A user that anybody who opens the page may be. Only for servers that no other machine reaches."""

    email: str
    token: str = field(repr=False)
