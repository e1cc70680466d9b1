"""An authority that remembers: answers of another one, dropped when they change, and bounded in number and in age."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping

from karst_platform.cave.guard.authority import Authority, AuthorityUnavailableError, Freshness, token_hash
from karst_platform.cave.guard.changes import Change, Changes
from karst_platform.cave.guard.memory import Ages, Memory, Told
from karst_platform.cave.guard.record import UserRecord
from karst_platform.rates import RateLimit

SIZE = 4096
"""Users, tables and roots of each kind that a process remembers."""
ANEW_TIMES, ANEW_S = 20, 300
"""How often a token may have its record asked for anew within how many seconds."""
UNKNOWN_PER_S = 100
"""Tokens never seen before that a process asks about each second, over ten seconds."""


class Remembering:
    """Asks `inner` for what it doesn't know, or what is too old.

    Floods of made-up tokens never reach auth: beyond `UNKNOWN_PER_S` they are told to try again, while tokens that we
    know go on.
    """

    def __init__(
        self,
        inner: Authority,
        changes: Changes,
        *,
        ages: Ages | None = None,
        size: int = SIZE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        def is_live() -> bool:
            return changes.is_live

        self._inner = inner
        self._records = Memory[str, UserRecord](is_live, size=size, ages=ages, clock=clock)
        self._users = Memory[int, UserRecord](is_live, size=size, ages=ages, clock=clock)
        self._datasets = Memory[tuple[str, str], str](is_live, size=size, ages=ages, clock=clock)
        self._public = Memory[tuple[str, int | None], bool](is_live, size=size, ages=ages, clock=clock)
        self._unknown = RateLimit(UNKNOWN_PER_S, clock=clock)
        self._anew = Quota(ANEW_TIMES, ANEW_S, clock=clock, size=size)
        changes.listen(self.heard)

    async def record(self, token: str, freshness: Freshness = Freshness.CACHED) -> UserRecord | None:
        """The user of a token."""
        key = token_hash(token)
        if freshness is Freshness.ANEW and not self._anew.takes(key):
            freshness = Freshness.RECENT

        async def ask() -> UserRecord | None:
            if not self._records.has(key) and self._unknown.wait_s(""):
                raise AuthorityUnavailableError("Too many unknown tokens just now. Try again.")
            return await self._inner.record(token, freshness)

        return await self._records.get(key, ask, freshness)

    async def record_of_user(self, user_id: int) -> UserRecord | None:
        """The record of a user."""
        return await self._users.get(user_id, lambda: self._inner.record_of_user(user_id), Freshness.CACHED)

    async def dataset_of(self, namespace: str, table: str, freshness: Freshness = Freshness.CACHED) -> str | None:
        """The dataset of a table."""
        key = (namespace, table)
        return await self._datasets.get(key, lambda: self._inner.dataset_of(namespace, table, freshness), freshness)

    async def datasets_of(self, namespace: str, tables: Collection[str]) -> Mapping[str, str]:
        """Datasets by table; what is not remembered is asked for at once."""
        told = {table: self._datasets.peek((namespace, table), Freshness.CACHED) for table in tables}
        unknown = [table for table, one in told.items() if one is None]
        found = _values(told)
        if not unknown:
            return found
        question = self._datasets.question()
        try:
            answers = await self._inner.datasets_of(namespace, unknown)
        except ConnectionError:
            stale = {table: self._datasets.stale((namespace, table)) for table in unknown}
            if None in stale.values():
                raise
            return found | _values(stale)
        for table in unknown:
            self._datasets.keep((namespace, table), answers.get(table), question)
        return {**found, **answers}

    async def has_public(self, table: str) -> bool:
        """Whether any root is public."""
        return bool(await self._public.get((table, None), lambda: self._inner.has_public(table), Freshness.CACHED))

    async def is_public(self, table: str, root_id: int) -> bool:
        """Whether this root is public."""
        key = (table, root_id)
        return bool(await self._public.get(key, lambda: self._inner.is_public(table, root_id), Freshness.CACHED))

    async def all_public(self, table: str, root_ids: Collection[int]) -> bool:
        """Whether each of these roots is public: always asked, since no two lists are alike."""
        return await self._inner.all_public(table, root_ids)

    def heard(self, change: Change) -> None:
        """Forget what changed."""
        if change.is_all:
            for memory in (self._records, self._users, self._datasets, self._public):
                memory.doubt()
        if change.tokens:
            self._records.forget(*change.tokens)
        if change.users:
            users = frozenset(change.users)
            self._records.forget_where(lambda _token, record: record.id in users)
            self._users.forget(*users)
        if change.tables:
            self._datasets.forget(*change.tables)
        if change.public:
            tables = frozenset(change.public)
            self._public.forget_where(lambda key, _is_public: key[0] in tables)

    def size(self) -> int:
        """How many answers are remembered."""
        return sum(map(len, (self._records, self._users, self._datasets, self._public)))


def _values(told: Mapping[str, Told[str] | None]) -> dict[str, str]:
    return {key: one.value for key, one in told.items() if one is not None and one.value is not None}


class Quota:
    """Lets each key pass so many times within a window that begins with its first."""

    def __init__(self, times: int, window_s: float, *, clock: Callable[[], float], size: int) -> None:
        self._times, self._window_s, self._clock, self._size = times, window_s, clock, size
        self._used: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def takes(self, key: str) -> bool:
        """Count one, if it may pass."""
        now_s = self._clock()
        begin_s, used = self._used.pop(key, (now_s, 0))
        if now_s - begin_s >= self._window_s:
            begin_s, used = now_s, 0
        self._used[key] = (begin_s, min(used + 1, self._times + 1))
        if len(self._used) > self._size:
            self._used.popitem(last=False)
        return used < self._times
