"""Records of users in Redis by their token, laid out as CAVE's auth service always did and its older clients read.

Releases of `middle-auth-client` before 3.3 may be told to read Redis in place of asking auth (`AUTH_USE_REDIS`): for
images that hold one, records stand below the token itself. Nobody else needs that, so by default a hash stands there.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import cast

from redis.asyncio import Redis

from karst_platform.cave.guard.record import UserRecord

FOR_EVER = -1
_SCANNED = 500


class RedisRecords:
    """`token_<name>` is a record's JSON, `userid_<id>` the set of that user's names: of tokens, or of their hashes.

    Every method raises RedisError where Redis is away, which may lose everything: what counts is kept elsewhere.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def get(self, name: str) -> UserRecord | None:
        """The record of a name. What can't be read is as good as none."""
        value = await self._redis.get(_record_key(name))
        try:
            return UserRecord.from_json(json.loads(value)) if value is not None else None
        except ValueError:
            return None

    async def ttl_s(self, name: str) -> int | None:
        """For how many seconds a name still stands there: `FOR_EVER`, or None where there is none."""
        left_s = await self._redis.ttl(_record_key(name))
        return left_s if left_s >= FOR_EVER else None

    async def names(self, user_ids: Collection[int]) -> dict[int, frozenset[str]]:
        """Which names each of these users has."""
        async with self._redis.pipeline(transaction=False) as asked:
            for user_id in user_ids:
                asked.smembers(_user_key(user_id))
            found = cast("list[set[bytes]]", await asked.execute())
        return {
            user_id: frozenset(each.decode(errors="replace") for each in names)
            for user_id, names in zip(user_ids, found, strict=True)
        }

    async def keep(
        self, user_id: int, record: UserRecord | None, names: Mapping[str, int | None], present: Collection[str]
    ) -> None:
        """Let a user have this record by exactly these names, each for so many seconds, or for ever; all at once.

        `present` are those that they had until now.
        """
        kept = names if record is not None else {}
        gone = sorted(set(present) - kept.keys())
        if not kept and not gone:
            return
        value = record.to_bytes() if record is not None else b""
        async with self._redis.pipeline(transaction=True) as told:
            for name, ttl_s in kept.items():
                told.set(_record_key(name), value, ex=ttl_s)
                told.sadd(_user_key(user_id), name)
            if gone:
                told.delete(*map(_record_key, gone))
                told.srem(_user_key(user_id), *gone)
            await told.execute()

    async def owners(self, cursor: int) -> tuple[int, list[int]]:
        """Some of the users who have names, from a cursor on, which is 0 at first; and the next one, 0 at the end."""
        following, keys = await self._redis.scan(cursor, match=_user_key("*"), count=_SCANNED)
        named = [each.decode(errors="replace") for each in cast("list[bytes]", keys)]
        ids = [each.removeprefix(_user_key("")) for each in named]
        return following, [int(each) for each in ids if each.isascii() and each.isdigit() and len(each) < 10]


def _record_key(name: str) -> str:
    return f"token_{name}"


def _user_key(user_id: int | str) -> str:
    return f"userid_{user_id}"
