"""Records in Redis follow the tables: whatever is granted, made, revoked or lost, older clients find what is true."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import ConstantBackoff

from karst_auth.changes import groups, tokens, users
from karst_auth.changes.ledger import DEPLOYMENT
from karst_auth.main import Auth, create_app, make_auth
from karst_auth.settings import AuthSettings
from karst_platform.cave.guard.authority import token_hash
from karst_platform.testing_valkey import ValkeyServer
from services_src.auth.tests.world import LAB, World, make_world

FELT_S = 5.0


@pytest.fixture
async def redis(valkey: ValkeyServer) -> AsyncIterator[Redis]:
    client = Redis(host="127.0.0.1", port=valkey.port, retry=Retry(ConstantBackoff(0.1), 20))
    yield client
    await client.aclose()


@asynccontextmanager
async def running(
    auth_dsn: str, valkey: ValkeyServer, redis_records: Literal["hashed", "published"] = "hashed"
) -> AsyncGenerator[Auth]:
    settings = AuthSettings(
        postgres_dsn=SecretStr(auth_dsn),
        redis_host="127.0.0.1",
        redis_port=valkey.port,
        redis_records=redis_records,
    )
    auth, app = make_auth(settings), FastAPI()
    failed: BaseException | None = None
    async with create_app(settings, auth).router.lifespan_context(app):
        try:
            yield auth
        except BaseException as error:  # noqa: BLE001 - raised once all has ended
            failed = error
    if failed is not None:
        raise failed


async def record(redis: Redis, name: str) -> dict[str, object] | None:
    value = await redis.get(f"token_{name}")
    return None if value is None else json.loads(value)


async def until(redis: Redis, name: str, groups: list[str] | None) -> float:
    """Wait until a name's record has these groups, or there is none; say for how long."""
    begin_s = time.monotonic()
    while True:
        found = await record(redis, name)
        if (None if found is None else found.get("groups")) == groups:
            return time.monotonic() - begin_s
        assert time.monotonic() - begin_s < 2 * FELT_S, found
        await asyncio.sleep(0.02)


async def test_every_token_is_there_from_the_start_by_its_hash(
    auth: Auth, world: World, auth_dsn: str, valkey: ValkeyServer, redis: Redis
) -> None:
    async with auth.needs.ledger.change(DEPLOYMENT) as change:
        login = await tokens.sign_in(change, world.users["viewer"], lasts_s=1000)
    async with running(auth_dsn, valkey):
        await until(redis, token_hash(world.tokens["robot"]), ["default"])
        key = await record(redis, token_hash(world.tokens["viewer"]))
        assert key is not None
        assert key["permissions_v2"] == {LAB: ["view"]}
        assert 900 < await redis.ttl(f"token_{token_hash(login)}") <= 1000
        assert await redis.ttl(f"token_{token_hash(world.tokens['viewer'])}") == -1
        assert await redis.smembers(f"userid_{world.users['viewer']}") == {
            token_hash(each).encode() for each in (login, world.tokens["viewer"])
        }
        assert await record(redis, token_hash(world.tokens["disabled"])) is None
        everything = repr([*await redis.keys("*")])
        assert not [token for token in (*world.tokens.values(), login) if token in everything]


async def test_changes_and_revocations_are_written_through(auth_dsn: str, valkey: ValkeyServer, redis: Redis) -> None:
    async with running(auth_dsn, valkey) as auth:
        world = await make_world(auth.needs.ledger)
        viewer, name = world.users["viewer"], token_hash(world.tokens["viewer"])
        await until(redis, name, ["default", "viewers"])
        felt: list[float] = []
        async with auth.needs.ledger.change(DEPLOYMENT) as change:
            await groups.remove_member(change, group_id=world.groups["viewers"], user_id=viewer, may_remove_admins=True)
        felt.append(await until(redis, name, ["default"]))
        async with auth.needs.ledger.change(DEPLOYMENT) as change:
            made = await tokens.create_key(change, viewer)
        felt.append(await until(redis, token_hash(made), ["default"]))
        for is_active, expected in ((False, None), (True, ["default"])):
            async with auth.needs.ledger.change(DEPLOYMENT) as change:
                await users.update(change, user_id=viewer, values={"active": is_active}, is_service_account=False)
            felt.append(await until(redis, name, expected))
            await until(redis, token_hash(world.tokens["robot"]), expected)
        async with auth.needs.ledger.change(DEPLOYMENT) as change:
            await tokens.revoke_keys(change, viewer)
        felt.append(await until(redis, token_hash(made), None))
        assert await redis.exists(f"userid_{viewer}", f"token_{name}") == 0
        async with auth.needs.ledger.change(DEPLOYMENT) as change:
            await users.remove(change, user_id=world.users["editor"])
        felt.append(await until(redis, token_hash(world.tokens["editor"]), None))
        assert max(felt) < FELT_S


async def test_what_was_lost_is_there_again(auth_dsn: str, valkey: ValkeyServer, redis: Redis) -> None:
    async with running(auth_dsn, valkey) as auth:
        world = await make_world(auth.needs.ledger)
        name = token_hash(world.tokens["viewer"])
        await until(redis, name, ["default", "viewers"])
        valkey.stop()
        assert await auth.needs.tables.record(world.tokens["viewer"]) is not None
        async with auth.needs.ledger.change(DEPLOYMENT) as change:
            await tokens.revoke_keys(change, world.users["editor"])
            await groups.remove_member(
                change, group_id=world.groups["viewers"], user_id=world.users["viewer"], may_remove_admins=True
            )
        valkey.start()
        assert await redis.keys("token_*") == []
        await until(redis, name, ["default"])
        await until(redis, token_hash(world.tokens["robot"]), ["default"])
        assert await record(redis, token_hash(world.tokens["editor"])) is None


async def test_what_nobody_has_any_more_goes_with_a_start(
    world: World, auth_dsn: str, valkey: ValkeyServer, redis: Redis
) -> None:
    await redis.set("token_" + "f" * 32, b'{"groups": []}')
    await redis.sadd("userid_99999", "f" * 32)
    async with running(auth_dsn, valkey):
        await until(redis, token_hash(world.tokens["robot"]), ["default"])
        await until(redis, "f" * 32, None)
        assert await redis.exists("userid_99999") == 0


async def test_older_clients_find_tokens_as_they_were_made_and_used(
    auth: Auth, world: World, auth_dsn: str, valkey: ValkeyServer, redis: Redis
) -> None:
    async with running(auth_dsn, valkey, "published") as process:
        viewer, old = world.users["viewer"], world.tokens["viewer"]
        async with process.needs.ledger.change(DEPLOYMENT) as change:
            made = await tokens.create_key(change, viewer)
        await until(redis, made, ["default", "viewers"])
        assert await record(redis, old) is None  # nobody but its owner knows it
        await process.needs.authority.record(old)
        await until(redis, old, ["default", "viewers"])
        await asyncio.gather(*(process.needs.tables.record(f"{number:032x}") for number in range(20)))
        async with auth.needs.ledger.change(DEPLOYMENT) as change:
            await tokens.create_key(change, viewer, is_revealed=True)
            await groups.remove_member(change, group_id=world.groups["viewers"], user_id=viewer, may_remove_admins=True)
        async with process.needs.ledger.change(DEPLOYMENT) as change:
            await tokens.revoke_key(change, viewer, 1)
        await until(redis, old, None)
        await until(redis, made, ["default"])
        assert await redis.scard(f"userid_{viewer}") == 2
        assert len(await redis.keys("token_*")) == 2
