"""Changes between processes, by a server of Redis that also ends, hangs and comes back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from karst_platform.cave.guard.authority import AuthorityUnavailableError, Freshness
from karst_platform.cave.guard.changes import Change
from karst_platform.cave.guard.push import SILENT_S, RedisChanges, connect
from karst_platform.cave.guard.remember import Remembering
from karst_platform.testing_valkey import ValkeyServer
from services_src.platform.tests.guard.encrypted import encrypted, make_certificates
from services_src.platform.tests.guard.people import READER, Known, token

pytestmark = pytest.mark.anyio
FELT_S = 5


@asynccontextmanager
async def changes(valkey: ValkeyServer) -> AsyncGenerator[RedisChanges]:
    """The changes of one process."""
    one = RedisChanges(connect("127.0.0.1", valkey.port))
    one.start()
    yield one
    await one.stop()


async def until(holds: Callable[[], bool], within_s: float = FELT_S) -> float:
    """Wait; say for how long."""
    begin_s = time.monotonic()
    while not holds():
        assert time.monotonic() - begin_s < within_s
        await asyncio.sleep(0.01)
    return time.monotonic() - begin_s


async def test_other_processes_hear_of_a_change_at_once(valkey: ValkeyServer) -> None:
    async with changes(valkey) as auth, changes(valkey) as service:
        heard: list[Change] = []
        service.listen(heard.append)
        await until(lambda: service.is_live)
        heard.clear()
        await auth.publish(Change(users=(3,)))
        await auth.publish(Change(tables=(("a", "b"),)))
        assert await until(lambda: len(heard) == 2) < 1
        assert heard == [Change(users=(3,)), Change(tables=(("a", "b"),))]


async def test_it_stays_live_while_nothing_changes(valkey: ValkeyServer) -> None:
    async with changes(valkey) as service:
        heard: list[Change] = []
        service.listen(heard.append)
        await until(lambda: service.is_live)
        end_s = time.monotonic() + SILENT_S + 1.5
        while time.monotonic() < end_s:
            assert service.is_live
            await asyncio.sleep(0.1)
        assert heard == [Change(is_all=True)]


@pytest.mark.parametrize("how", ["killed", "frozen"])
async def test_a_revocation_is_felt_within_five_seconds_whatever_becomes_of_redis(
    valkey: ValkeyServer, how: str
) -> None:
    async with changes(valkey) as auth, changes(valkey) as service:
        known = Known()
        memory = Remembering(known, service)
        await until(lambda: service.is_live and auth.is_live)
        assert await memory.record(token(READER.id)) == READER
        (valkey.stop if how == "killed" else valkey.freeze)()
        del known.records[token(READER.id)]
        await auth.publish(Change(users=(READER.id,)))
        begin_s = time.monotonic()
        while await memory.record(token(READER.id)) is not None:
            assert time.monotonic() - begin_s < FELT_S + 0.2
            await asyncio.sleep(0.05)
        if how == "frozen":
            valkey.thaw()


async def test_after_a_gap_anything_may_have_changed(valkey: ValkeyServer) -> None:
    async with changes(valkey) as auth, changes(valkey) as service:
        heard: list[Change] = []
        service.listen(heard.append)
        await until(lambda: service.is_live)
        heard.clear()
        valkey.stop()
        await until(lambda: not service.is_live)
        await auth.publish(Change(users=(3,)))
        valkey.start()
        await until(lambda: service.is_live and auth.is_live)
        assert heard[0] == Change(is_all=True)
        await auth.publish(Change(users=(4,)))
        await until(lambda: heard[-1] == Change(users=(4,)))


async def test_more_changes_than_can_wait_mean_that_anything_changed(valkey: ValkeyServer) -> None:
    valkey.stop()
    async with changes(valkey) as auth:
        for number in range(5000):
            await auth.publish(Change(users=(number,)))
        valkey.start()
        async with changes(valkey) as service:
            heard: list[Change] = []
            service.listen(heard.append)
            await until(lambda: Change(users=(4999,)) in heard, within_s=2 * FELT_S)
            assert Change(is_all=True) in heard


async def test_without_redis_from_the_start_it_works_on(valkey: ValkeyServer) -> None:
    valkey.stop()
    async with changes(valkey) as service:
        memory = Remembering(Known(), service)
        assert not service.is_live
        assert await memory.record(token(READER.id)) == READER
        valkey.start()
        await until(lambda: service.is_live)


async def test_auth_and_redis_gone_together_leave_views_to_go_on(valkey: ValkeyServer) -> None:
    async with changes(valkey) as service:
        known = Known()
        memory = Remembering(known, service)
        await until(lambda: service.is_live)
        await memory.record(token(READER.id))
        known.is_gone = True
        valkey.stop()
        await until(lambda: not service.is_live)
        assert await memory.record(token(READER.id)) == READER
        with pytest.raises(AuthorityUnavailableError):
            await memory.record(token(READER.id), Freshness.ANEW)


async def test_a_managed_redis_is_reached_by_its_own_authority_and_the_password_of_a_file(
    valkey: ValkeyServer, tmp_path: Path
) -> None:
    password_file, certificates = tmp_path / "REDIS_GLOBAL_AUTH", make_certificates(tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    password_file.write_text("first\n")
    plain = connect("127.0.0.1", valkey.port)
    await plain.config_set("requirepass", "first")
    async with encrypted(valkey.port, certificates) as port:

        def made(authority: Path) -> Redis:
            return connect("127.0.0.1", port, password_file=str(password_file), ca_file=str(authority))

        redis = made(certificates.authority)
        assert await redis.ping()
        await redis.connection_pool.disconnect()
        await plain.config_set("requirepass", "second")
        password_file.write_text("second\n")
        assert await redis.ping()
        password_file.write_text("third\n")
        for stranger in (made(make_certificates(other).authority), made(certificates.authority)):
            with pytest.raises(RedisError):
                await stranger.ping()
            await stranger.aclose()
        await redis.aclose()
    await plain.aclose()
