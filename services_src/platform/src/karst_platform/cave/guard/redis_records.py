"""Records of users in Redis by their token, laid out as CAVE's auth service always did and its older clients read.

Releases of `middle-auth-client` before 3.3 may be told to read Redis in place of asking auth (`AUTH_USE_REDIS`): for
images that hold one, records stand below the token itself. Nobody else needs that, so by default a hash stands there.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from redis.asyncio import Redis

from karst_platform.cave.guard.authority import token_hash
from karst_platform.cave.guard.record import UserRecord

FOR_EVER = -1


def as_published(token: str) -> str:
    """The token itself, for clients that look it up: whoever reads Redis then has it."""
    return token


class RedisRecords:
    """`token_<name>` is a record's JSON, `userid_<id>` the set of that user's names; `name` makes one of a token.

    Every method raises RedisError where Redis is away, which may lose everything: what counts is kept elsewhere.
    """

    def __init__(self, redis: Redis, *, name: Callable[[str], str] = token_hash) -> None:
        self._redis, self._name = redis, name

    async def put(self, token: str, record: UserRecord, *, ttl_s: int | None) -> bool:
        """Add a token that ends by itself, or never; False where there is one already, which stays as it is."""
        name = self._name(token)
        if not await self._redis.set(_record_key(name), record.to_bytes(), ex=ttl_s, nx=True):
            return False
        await self._redis.sadd(_user_key(record.id), name)
        return True

    async def get(self, token: str) -> UserRecord | None:
        """The record of a token. What can't be read is as good as none."""
        value = await self._redis.get(_record_key(self._name(token)))
        try:
            return UserRecord.from_json(json.loads(value)) if value is not None else None
        except ValueError:
            return None

    async def ttl_s(self, token: str) -> int | None:
        """For how many seconds a token still works: `FOR_EVER`, or None where there is none."""
        left_s = await self._redis.ttl(_record_key(self._name(token)))
        return left_s if left_s >= FOR_EVER else None

    async def delete(self, token: str, user_id: int) -> None:
        """Forget a token."""
        name = self._name(token)
        await self._redis.delete(_record_key(name))
        await self._redis.srem(_user_key(user_id), name)

    async def update(self, record: UserRecord) -> None:
        """Give all tokens of a user this record; each ends when it would have, and those that ended are forgotten."""
        for name in await self._names(record.id):
            if not await self._redis.set(_record_key(name), record.to_bytes(), xx=True, keepttl=True):
                await self._redis.srem(_user_key(record.id), name)

    async def delete_all(self, user_id: int) -> None:
        """Forget all tokens of a user."""
        names = await self._names(user_id)
        await self._redis.delete(_user_key(user_id), *map(_record_key, names))

    async def _names(self, user_id: int) -> list[str]:
        members = await self._redis.smembers(_user_key(user_id))
        return sorted(each.decode() if isinstance(each, bytes) else str(each) for each in members)


def _record_key(name: str) -> str:
    return f"token_{name}"


def _user_key(user_id: int) -> str:
    return f"userid_{user_id}"
