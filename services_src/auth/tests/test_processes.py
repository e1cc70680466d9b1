"""Several processes of auth: what one changes the others feel."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

import httpx
from pydantic import SecretStr

from karst_auth.changes import tokens
from karst_auth.changes.ledger import DEPLOYMENT
from karst_auth.main import AGES, create_app, make_auth
from karst_auth.settings import AuthSettings
from karst_platform.cave.guard.memory import Ages
from karst_platform.cave.guard.push import RedisChanges, connect
from karst_platform.cave.guard.remember import Remembering
from karst_platform.cave.guard.remote import HttpAuthority
from karst_platform.testing_valkey import ValkeyServer
from services_src.auth.tests.world import make_world

FELT_S = 5


@asynccontextmanager
async def _process(settings: AuthSettings) -> AsyncGenerator[httpx.AsyncClient]:
    app = create_app(settings)
    transport = httpx.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="https://auth.example.org/auth/api/v1") as client,
    ):
        yield client


async def _felt(client: httpx.AsyncClient, header: dict[str, str], status: int) -> float:
    """Wait until this is the answer; say for how long."""
    begin_s = time.monotonic()
    while (await client.get("/user/cache", headers=header)).status_code != status:
        assert time.monotonic() - begin_s < 2 * FELT_S
        await asyncio.sleep(0.05)
    return time.monotonic() - begin_s


async def _disable_and_back(auth_dsn: str, valkey: ValkeyServer | None, *, is_gone: bool) -> list[float]:
    settings = AuthSettings(
        postgres_dsn=SecretStr(auth_dsn),
        rate_per_user=0,
        rate_per_address=0,
        redis_host="127.0.0.1" if valkey is not None else "",
        redis_port=valkey.port if valkey is not None else 6379,
    )
    made = make_auth(settings.model_copy(update={"redis_host": ""}))
    world = await make_world(made.needs.ledger)
    await made.needs.database.close()
    felt: list[float] = []
    async with AsyncExitStack() as stack:
        one, other = [await stack.enter_async_context(_process(settings)) for _ in range(2)]
        await asyncio.sleep(1.5 if valkey is not None else 0)
        await _felt(other, world.header("viewer"), 200)
        if valkey is not None and is_gone:
            valkey.stop()
        for is_active, status in ((False, 401), (True, 200)):
            path = f"/user/{world.users['viewer']}"
            answer = await one.put(path, headers=world.header("superadmin"), json={"active": is_active})
            assert answer.status_code == 200
            felt.append(await _felt(other, world.header("viewer"), status))
    return felt


def test_what_auth_and_a_service_remember_one_after_the_other_is_young_enough() -> None:
    service = Ages()
    assert AGES.cached_s + service.cached_s <= 60
    assert AGES.cached_s + service.recent_s <= 10
    assert AGES.unheard_s + service.unheard_s < FELT_S


async def test_a_disabled_user_is_refused_everywhere_at_once(auth_dsn: str, valkey: ValkeyServer) -> None:
    assert max(await _disable_and_back(auth_dsn, valkey, is_gone=False)) < 1


async def test_without_redis_it_takes_seconds(auth_dsn: str) -> None:
    assert max(await _disable_and_back(auth_dsn, None, is_gone=False)) < FELT_S + 1


async def test_keys_work_and_are_revoked_while_redis_is_lost(auth_dsn: str, valkey: ValkeyServer) -> None:
    assert max(await _disable_and_back(auth_dsn, valkey, is_gone=True)) < FELT_S


async def test_services_feel_it_in_time_though_redis_hangs_just_then(auth_dsn: str, valkey: ValkeyServer) -> None:
    """The longest way: a service asks a process of auth that hasn't noticed yet, and remembers what it heard."""
    settings = AuthSettings(postgres_dsn=SecretStr(auth_dsn), redis_host="127.0.0.1", redis_port=valkey.port)
    other = create_app(settings)
    one = make_auth(settings.model_copy(update={"redis_host": ""}))
    world = await make_world(one.needs.ledger)
    token = world.tokens["viewer"]
    transport = httpx.ASGITransport(app=other)
    heard = RedisChanges(connect("127.0.0.1", valkey.port))
    service = Remembering(HttpAuthority("https://auth.example.org/auth", token, transport=transport), heard)
    async with other.router.lifespan_context(other):
        heard.start()
        await asyncio.sleep(1.5)
        assert heard.is_live
        assert await service.record(token) is not None
        valkey.freeze()
        async with one.needs.ledger.change(DEPLOYMENT) as change:
            await tokens.revoke_keys(change, world.users["viewer"])
        begin_s = time.monotonic()
        while await service.record(token) is not None and time.monotonic() - begin_s < 2 * FELT_S:
            await asyncio.sleep(0.02)
        felt_s = time.monotonic() - begin_s
        valkey.thaw()
        await heard.stop()
    await one.needs.database.close()
    assert felt_s < FELT_S
