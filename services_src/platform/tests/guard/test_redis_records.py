"""Records in Redis, as CAVE's own auth service keeps them and older clients read them."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest
from redis.asyncio import Redis

from karst_platform.cave.guard.push import connect
from karst_platform.cave.guard.redis_records import FOR_EVER, RedisRecords
from karst_platform.testing_valkey import ValkeyServer
from services_src.platform.tests.guard.people import READER, STRANGER

pytestmark = pytest.mark.anyio
KEY, LOGIN = "a" * 32, "b" * 32


@pytest.fixture
async def redis(valkey: ValkeyServer) -> AsyncGenerator[Redis]:
    client = connect("127.0.0.1", valkey.port)
    yield client
    await client.aclose()


async def test_older_clients_find_what_they_look_for(redis: Redis) -> None:
    await RedisRecords(redis).keep(READER.id, READER, {LOGIN: 604800}, ())
    assert json.loads(await redis.get(f"token_{LOGIN}") or b"") == READER.to_json()
    assert await redis.smembers(f"userid_{READER.id}") == {LOGIN.encode()}


async def test_tokens_end_and_records_change(redis: Redis) -> None:
    records = RedisRecords(redis)
    await records.keep(READER.id, READER, {KEY: None, LOGIN: 1000}, ())
    assert await records.names([READER.id, STRANGER.id]) == {READER.id: {KEY, LOGIN}, STRANGER.id: set()}
    changed = replace(READER, groups=("other",))
    await records.keep(READER.id, changed, {KEY: None, LOGIN: 1000}, {KEY, LOGIN})
    assert (await records.get(KEY), await records.get(LOGIN)) == (changed, changed)
    assert await records.ttl_s(KEY) == FOR_EVER
    assert 990 < (await records.ttl_s(LOGIN) or 0) <= 1000
    await records.keep(READER.id, changed, {KEY: None}, {KEY, LOGIN})
    assert (await records.get(LOGIN), await records.ttl_s(LOGIN)) == (None, None)
    assert await redis.scard(f"userid_{READER.id}") == 1
    assert await records.owners(0) == (0, [READER.id])
    await records.keep(READER.id, None, {KEY: None}, {KEY})
    assert await redis.keys("*") == []


@pytest.mark.parametrize("value", [b"", b"\x80\x04pickle", b"[]", b'{"id": null}'])
async def test_what_is_no_record_is_none(redis: Redis, value: bytes) -> None:
    await redis.set(f"token_{KEY}", value)
    assert await RedisRecords(redis).get(KEY) is None
