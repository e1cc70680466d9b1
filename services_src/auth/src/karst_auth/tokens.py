"""Tokens: 32 hexadecimal characters, of which only the hash is kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from secrets import token_hex

from sqlalchemy import Select, func, literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from karst_auth.model import ApiKey, LoginToken

LOGIN_S = 7 * 24 * 3600
"""How long a sign-in lasts."""
CODE = "code"
"""Stands for the characters of a code, which lies among the sign-ins until it is redeemed."""
_LONGEST = 128
"""Longer ones are nobody's: they are not even looked for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Token:
    """What is kept of a token that works."""

    id: int
    user_id: int
    is_key: bool
    """Whether it works until it is revoked; else it ends by itself."""
    expires: datetime | None = None
    """In UTC, without a zone."""

    def ttl_s(self) -> int:
        """Seconds that it still works; -1 for ever."""
        if self.expires is None:
            return -1
        return max(0, int((self.expires - utc_now()).total_seconds()))

    @property
    def is_expired(self) -> bool:
        """Whether it ended."""
        return self.expires is not None and self.expires <= utc_now()


def new_token() -> str:
    """A token that nobody can guess: 128 bits of chance."""
    return token_hex(16)


def hint(token: str) -> str:
    """What shows its owner which token it is, and nobody what it is."""
    return f"{token[:4]}...{token[-4:]}"


def may_be_token(token: str) -> bool:
    """Whether it can be one at all."""
    return 0 < len(token) <= _LONGEST


async def find_token(session: AsyncSession, token_hash: str) -> Token | None:
    """Look a token up by its hash, in one query; None where it is unknown or expired."""
    keys = select(ApiKey.id, ApiKey.user_id, literal(value=True), literal(None, LoginToken.expires.type)).where(
        ApiKey.token_hash == token_hash
    )
    logins = select(LoginToken.id, LoginToken.user_id, literal(value=False), LoginToken.expires).where(
        LoginToken.token_hash == token_hash, LoginToken.expires > func.now()
    )
    row = (await session.execute(union_all(keys, logins))).first()
    return None if row is None else Token(id=row[0], user_id=row[1], is_key=row[2], expires=row[3])


def sign_ins_of(user_id: int) -> Select[LoginToken]:
    """Where somebody is signed in; codes that wait to be redeemed are no sign-ins yet."""
    return select(LoginToken).where(
        LoginToken.user_id == user_id, LoginToken.expires > utc_now(), LoginToken.token_hint != CODE
    )


def utc_now() -> datetime:
    """The time as tables keep it."""
    return datetime.now(UTC).replace(tzinfo=None)
