"""Records in Redis, as CAVE's own auth service keeps them and older clients read them."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest
from redis.asyncio import Redis

from karst_platform.cave.guard.authority import token_hash
from karst_platform.cave.guard.push import connect
from karst_platform.cave.guard.redis_records import FOR_EVER, RedisRecords, as_published
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
    records = RedisRecords(redis, name=as_published)
    assert await records.put(LOGIN, READER, ttl_s=604800)
    assert json.loads(await redis.get(f"token_{LOGIN}") or b"") == READER.to_json()
    assert await redis.smembers(f"userid_{READER.id}") == {LOGIN.encode()}


async def test_otherwise_nobody_who_reads_redis_finds_a_token(redis: Redis) -> None:
    records = RedisRecords(redis)
    await records.put(LOGIN, READER, ttl_s=604800)
    everything = repr([*await redis.keys("*"), *await redis.smembers(f"userid_{READER.id}")])
    assert LOGIN not in everything
    assert token_hash(LOGIN) in everything
    assert await records.get(LOGIN) == READER


@pytest.mark.parametrize("name", [token_hash, as_published])
async def test_tokens_end_and_records_change(redis: Redis, name: object) -> None:
    records = RedisRecords(redis, name=name)  # type: ignore[arg-type]
    assert await records.put(KEY, READER, ttl_s=None)
    assert await records.put(LOGIN, READER, ttl_s=1000)
    assert not await records.put(LOGIN, STRANGER, ttl_s=None)
    assert await redis.exists(f"userid_{STRANGER.id}") == 0
    changed = replace(READER, groups=("other",))
    await records.update(changed)
    assert (await records.get(KEY), await records.get(LOGIN)) == (changed, changed)
    assert await records.ttl_s(KEY) == FOR_EVER
    assert 990 < (await records.ttl_s(LOGIN) or 0) <= 1000
    await records.delete(LOGIN, READER.id)
    assert (await records.get(LOGIN), await records.ttl_s(LOGIN)) == (None, None)
    assert await redis.scard(f"userid_{READER.id}") == 1
    await records.delete_all(READER.id)
    assert await records.get(KEY) is None
    assert await redis.exists(f"userid_{READER.id}") == 0


async def test_a_token_that_ended_does_not_come_back(redis: Redis) -> None:
    records = RedisRecords(redis)
    await records.put(LOGIN, READER, ttl_s=1000)
    await redis.delete(f"token_{token_hash(LOGIN)}")
    await records.update(READER)
    assert await records.get(LOGIN) is None
    assert await redis.exists(f"userid_{READER.id}") == 0


@pytest.mark.parametrize("value", [b"", b"\x80\x04pickle", b"[]", b'{"id": null}'])
async def test_what_is_no_record_is_none(redis: Redis, value: bytes) -> None:
    await redis.set(f"token_{token_hash(KEY)}", value)
    assert await RedisRecords(redis).get(KEY) is None
