"""Keeps records of users in Redis as the tables are, for services whose client reads them there; auth itself doesn't.

Whatever changes, its user's records are written anew and tokens that ended are taken away; after a start, or once Redis
is back, all are. While Redis is away nothing waits for it.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta

from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy import func, literal, select, union_all
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from karst_auth.model import ApiKey, LoginToken
from karst_auth.records import known_all
from karst_auth.tokens import utc_now
from karst_platform.cave.guard.authority import token_hash
from karst_platform.cave.guard.changes import Change
from karst_platform.cave.guard.redis_records import RedisRecords
from karst_platform.relational import Relational
from karst_platform.stores.documents import ContentionError, StoreUnavailableError

AT_ONCE = 200
RETRY_S = 0.5
_LOCK = 0x6B61727378
"""So that of two processes the later one writes what is newer."""
_MOST_DUE = 10_000
_log = logging.getLogger(__name__)


class Mirror:
    """Writes records. `is_published` has tokens stand there as they are, which only older clients need."""

    def __init__(self, database: Relational, redis: Redis, *, is_published: bool = False) -> None:
        self._database, self._redis, self._is_published = database, redis, is_published
        self._records = RedisRecords(redis)
        self._due: dict[int, None] = {}
        self._seen: defaultdict[int, set[str]] = defaultdict(set)
        self._walk: _Walk | None = None
        self._has_more = asyncio.Event()

    def heard(self, change: Change) -> None:
        """Note whose records are to be written."""
        self._due |= dict.fromkeys((*change.users, *change.owners))
        if change.is_all or len(self._due) > _MOST_DUE:
            self._begin_anew()
        if self._due or self._walk:
            self._has_more.set()

    def saw(self, user_id: int, token: str) -> None:
        """Note a token that works, made or used just now, of which the tables hold the hash only."""
        if self._is_published and len(self._seen) < _MOST_DUE:
            self._seen[user_id].add(token)
            self._due[user_id] = None
            self._has_more.set()

    async def keep_writing(self) -> None:
        """Write what is due, until cancelled."""
        self._begin_anew()
        while not _is_cancelled():
            await self._has_more.wait()
            try:
                await self._write_some()
            except (RedisError, OSError, StoreUnavailableError, ContentionError, DBAPIError) as error:
                _log.warning("records in Redis are written later: %s", type(error).__name__)
                self._begin_anew()  # whatever was there may be lost
                await asyncio.sleep(RETRY_S)

    async def close(self) -> None:
        """Let the connection go."""
        await self._redis.aclose()

    def _begin_anew(self) -> None:
        self._walk = _Walk()
        self._has_more.set()

    async def _write_some(self) -> None:
        """Write what is due; while nothing is, the next of those who have tokens, or had some."""
        walk, due = self._walk, list(self._due)[:AT_ONCE]
        if not due and walk is not None:
            due = await walk.step(self._database, self._records)
            if not due and walk is self._walk:
                self._walk = None
        if due:
            await self._write(due)
        elif self._walk is None and not self._due:
            self._has_more.clear()

    async def _write(self, user_ids: Sequence[int]) -> None:
        for each in user_ids:
            self._due.pop(each, None)
        seen = {each: self._seen.pop(each, set()) for each in user_ids}
        try:
            async with self._database.begin() as session:
                await session.execute(select(func.pg_advisory_xact_lock(_LOCK)))
                users = await known_all(session, user_ids)
                tokens = await _tokens(session, [each.id for each in users.values() if each.is_active])
                present = await self._records.names(user_ids)
                for user_id in user_ids:
                    names = self._names(tokens[user_id], present[user_id] | seen[user_id])
                    await self._records.keep(user_id, users.get(user_id), names, present[user_id])
        except BaseException:
            self._due = dict.fromkeys(user_ids) | self._due
            for user_id, those in seen.items():
                if those:
                    self._seen[user_id] |= those
            raise

    def _names(self, tokens: Collection[_Kept], candidates: Collection[str]) -> dict[str, int | None]:
        """How long each name shall stand there; None for ever."""
        if not self._is_published:
            return {each.hashed: each.ttl_s for each in tokens}
        by_hash = {each.hashed: each for each in tokens}
        plain = {each.key: each.ttl_s for each in tokens if each.key is not None}
        found = {name: by_hash.get(token_hash(name)) for name in candidates}
        return plain | {name: each.ttl_s for name, each in found.items() if each is not None}


def _is_cancelled() -> bool:
    """Whether this task was cancelled; drivers may finish what they do then, and swallow it."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


@dataclass(frozen=True, kw_only=True, slots=True)
class _Kept:
    """A token as the tables have it."""

    hashed: str
    key: str | None
    """The token itself, where a deployment keeps keys."""
    ttl_s: int | None
    """None for ever."""


class _Walk:
    """All users who have tokens, by their ids; then all of whom Redis has any."""

    def __init__(self) -> None:
        self._after, self._cursor, self._is_in_redis = 0, 0, False

    async def step(self, database: Relational, records: RedisRecords) -> list[int]:
        """The next ones; empty after the last."""
        if not self._is_in_redis:
            async with database.begin() as session:
                found = await _owners(session, self._after)
            if found:
                self._after = found[-1]
                return found
            self._is_in_redis = True
        while self._is_in_redis and self._cursor >= 0:
            cursor, found = await records.owners(self._cursor)
            self._cursor = cursor or -1
            if found:
                return found
        return []


async def _owners(session: AsyncSession, after: int) -> list[int]:
    """The next users with tokens."""
    both = [
        select(table.user_id).where(table.user_id > after).order_by(table.user_id) for table in (ApiKey, LoginToken)
    ]
    either = union_all(*(each.distinct().limit(AT_ONCE).subquery().select() for each in both)).subquery()
    query = select(either.c.user_id).distinct().order_by(either.c.user_id).limit(AT_ONCE)
    return list((await session.scalars(query)).all())


async def _tokens(session: AsyncSession, user_ids: Collection[int]) -> dict[int, list[_Kept]]:
    """Tokens that work, by user."""
    keys = select(ApiKey.user_id, ApiKey.token_hash, ApiKey.key, literal(None, LoginToken.expires.type))
    logins = select(LoginToken.user_id, LoginToken.token_hash, literal(None, ApiKey.key.type), LoginToken.expires)
    query = union_all(
        keys.where(ApiKey.user_id.in_(user_ids), ApiKey.token_hash.is_not(None)),
        logins.where(LoginToken.user_id.in_(user_ids), LoginToken.expires > utc_now() + timedelta(seconds=1)),
    )
    found: defaultdict[int, list[_Kept]] = defaultdict(list)
    for user_id, hashed, key, expires in await session.execute(query):
        ttl_s = None if expires is None else max(1, int((expires - utc_now()).total_seconds()))
        found[user_id].append(_Kept(hashed=str(hashed), key=key, ttl_s=ttl_s))
    return found
