"""Whoever knows users, grants, and to which dataset a table belongs: the auth service, in this process or over HTTP."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import Enum
from hashlib import sha256
from typing import Protocol

from karst_platform.cave.guard.record import UserRecord


class Freshness(Enum):
    """How old an answer may be."""

    CACHED = "cached"
    """For reading: up to a minute old, ten minutes while auth is gone. Changes that we hear of count at once."""
    RECENT = "recent"
    """For editing and administering: ten seconds at the most, and nothing while auth is gone."""
    ANEW = "anew"
    """Asked now, since an older answer would refuse; each token may cause so only so often, then it is RECENT."""


class AuthorityUnavailableError(ConnectionError):
    """Auth doesn't answer and nothing young enough is known. The frame answers with 503: nothing was done."""


class Authority(Protocol):
    """Answers about tokens, users, tables and public roots. Every method may raise AuthorityUnavailableError."""

    async def record(self, token: str, freshness: Freshness = Freshness.CACHED) -> UserRecord | None:
        """The user of a token; None where the token is unknown, expired or revoked, or its user disabled."""
        ...

    async def record_of_user(self, user_id: int) -> UserRecord | None:
        """The record of a user or a service account; None where there is none of this id."""
        ...

    async def dataset_of(self, namespace: str, table: str, freshness: Freshness = Freshness.CACHED) -> str | None:
        """The dataset whose grants hold for a table; None where no dataset is mapped to it."""
        ...

    async def datasets_of(self, namespace: str, tables: Collection[str]) -> Mapping[str, str]:
        """Datasets by table, with one question; tables without a dataset are left out."""
        ...

    async def has_public(self, table: str) -> bool:
        """Whether any root of the table is public."""
        ...

    async def is_public(self, table: str, root_id: int) -> bool:
        """Whether this root is public."""
        ...

    async def all_public(self, table: str, root_ids: Collection[int]) -> bool:
        """Whether each of these roots is public; False for none."""
        ...


def token_hash(token: str) -> str:
    """What stands for a token in stores, caches and messages: it tells nobody the token."""
    return sha256(token.encode(errors="surrogatepass")).hexdigest()
