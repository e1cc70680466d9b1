"""What only PostgreSQL can suffer: killed connections and servers, slow statements, other schemas, many rows."""

from __future__ import annotations

import asyncio
import math
import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import psycopg
import pytest

from karst_platform.stores import documents_sql as sql
from karst_platform.stores.documents import Query, StoreUnavailableError, Write
from karst_platform.stores.documents_postgres import PostgresDocuments
from karst_platform.stores.embedded_postgres import EmbeddedPostgres
from karst_platform.stores.migrations import MIGRATIONS, NewerSchemaError, migrate
from karst_platform.stores.postgres import Postgres

MANY = """
    INSERT INTO documents SELECT 'neurons/mb20/bodies', 'id' || lpad(n::text, 7, '0'),
        jsonb_build_object('bodyid', n, 'type', 'T' || mod(n, 1000), 'text', repeat('x', 500))
        FROM generate_series(1, %s) n
"""
BODIES = ("neurons", "mb20", "bodies")


@pytest.fixture
async def store(postgres_dsn: str) -> AsyncIterator[PostgresDocuments]:
    store = PostgresDocuments(Postgres(postgres_dsn))
    yield store
    await store.close()


@pytest.fixture
async def server(postgres_folder: Path) -> AsyncIterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(postgres_folder)
    postgres = Postgres(server.start())
    await migrate(postgres)
    await postgres.close()
    yield server
    server.stop()


async def kill_inserts(dsn: str, times: float) -> None:
    """Break the connections of large writes that are under way, so many of them."""
    text = "SELECT pid FROM pg_stat_activity WHERE state = 'active' AND query ~ '^INSERT'"
    killed: set[int] = set()
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
        while len(killed) < times:
            for (pid,) in await (await connection.execute(text)).fetchall():
                await connection.execute("SELECT pg_terminate_backend(%s)", (pid,))
                killed.add(pid)
            await asyncio.sleep(0.005)


async def test_a_connection_killed_in_mid_write_leaves_nothing_half_done(store: PostgresDocuments, postgres_dsn: str):
    changes = [Write(path=(*BODIES, f"id{n}"), fields={"n": n, "text": "x" * 200}) for n in range(20_000)]
    killer = asyncio.create_task(kill_inserts(postgres_dsn, math.inf))
    with pytest.raises(StoreUnavailableError):
        await store.write(*changes)  # it tries twice
    killer.cancel()
    assert await store.children(BODIES) == []
    killer = asyncio.create_task(kill_inserts(postgres_dsn, 1))
    await store.write(*changes)
    await killer
    assert len(await store.children(BODIES)) == 20_000


async def test_a_killed_server_comes_back_without_a_restart_of_ours(server: EmbeddedPostgres):
    store = PostgresDocuments(Postgres(server.start()))
    await store.write(Write(path=("things", "one"), fields={"n": 1}))
    started = time.monotonic()
    os.kill(postmaster(server), signal.SIGKILL)

    async def until_it_is_gone() -> None:
        while True:  # its processes serve on for a moment
            await store.check()

    with pytest.raises(StoreUnavailableError):
        await until_it_is_gone()
    for attempt in (store.get(("things", "one")), store.write(Write(path=("things", "two"), fields={}))):
        with pytest.raises(StoreUnavailableError):
            await attempt
    assert time.monotonic() - started < 20
    assert not server.is_running()
    server.start()
    found = await store.get(("things", "one"))
    assert found is not None
    assert found.fields == {"n": 1}
    await store.close()


async def test_a_restart_of_the_server_between_two_requests_goes_unnoticed(server: EmbeddedPostgres):
    store = PostgresDocuments(Postgres(server.start()))
    await asyncio.gather(*(store.get(("things", "one")) for _ in range(8)))
    server.stop()
    server.start()
    await asyncio.gather(*(store.get(("things", "one")) for _ in range(8)))
    await store.close()


def postmaster(server: EmbeddedPostgres) -> int:
    return int((server.folder / "postmaster.pid").read_text().split("\n")[0])


async def test_a_store_that_is_too_slow_is_not_available(postgres_dsn: str):
    store = PostgresDocuments(Postgres(postgres_dsn, statement_timeout_s=0.2))
    async with await psycopg.AsyncConnection.connect(postgres_dsn) as connection:
        await connection.execute("LOCK TABLE documents IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(StoreUnavailableError, match="too long"):
            await store.get(("things", "one"))
        await connection.rollback()
    assert await store.get(("things", "one")) is None
    await store.close()


async def test_many_documents_are_streamed_in_little_memory(store: PostgresDocuments, postgres_dsn: str):
    with psycopg.connect(postgres_dsn) as connection:
        connection.execute(MANY, (100_000,))
    process = psutil.Process()
    await store.get((*BODIES, "id0000001"))
    before, highest, count = process.memory_info().rss, 0, 0
    async for document in store.find(Query(collection=BODIES)):
        count += 1
        if count % 10_000 == 0:
            assert document.fields["bodyid"] == count
            highest = max(highest, process.memory_info().rss)
    assert count == 100_000
    assert highest - before < 30 << 20  # all of them have some 100 MiB


async def test_long_answers_leave_connections_for_short_ones(postgres_dsn: str):
    store = PostgresDocuments(Postgres(postgres_dsn, connections=4))
    await store.write(*(Write(path=("things", str(n)), fields={}) for n in range(3000)))
    streams = [store.find(Query(collection=("things",))) for _ in range(2)]
    for stream in streams:
        await anext(stream)
    async with asyncio.timeout(5):
        assert await asyncio.gather(*(store.get(("things", "x")) for _ in range(8))) == [None] * 8
    for stream in streams:
        assert len([document async for document in stream]) == 2999
    await store.close()


async def test_reads_and_searches_go_by_an_index(postgres_dsn: str):
    async with await psycopg.AsyncConnection.connect(postgres_dsn, autocommit=True) as connection:
        await connection.execute(MANY, (50_000,))
        await connection.execute("ANALYZE documents")
        one = sql.get_many(((*BODIES, "id0000007"),))
        some = sql.get_many([(*BODIES, f"id{n:07}") for n in range(10)])
        level = sql.children(("neurons",))
        search = sql.find(Query(collection=BODIES, equals=(("type", "T7"),), limit=10))
        page = sql.find(Query(collection=BODIES, after_id="id0040000", limit=10))
        for (text, parameters), index in (
            (one, "documents_pkey"), (some, "documents_pkey"), (level, "documents_pkey"),
            (search, "documents_fields"), (page, "documents_pkey"),
        ):  # fmt: skip
            rows = await (await connection.execute("EXPLAIN " + text.as_string(connection), parameters)).fetchall()  # pyright: ignore[reportArgumentType]
            plan = "\n".join(row[0] for row in rows)
            assert index in plan
            assert "Seq Scan on documents" not in plan


async def test_the_schema_goes_up_and_down(postgres_dsn: str):
    postgres = Postgres(postgres_dsn)
    assert await migrate(postgres) == 0
    assert await migrate(postgres, 0) == len(MIGRATIONS)
    with pytest.raises(psycopg.errors.UndefinedTable):
        await PostgresDocuments(postgres).get(("things", "one"))
    assert sorted(await asyncio.gather(*(migrate(postgres) for _ in range(4)))) == [0, 0, 0, len(MIGRATIONS)]
    assert await PostgresDocuments(postgres).get(("things", "one")) is None
    await postgres.close()


async def test_a_newer_schema_is_left_alone(postgres_dsn: str):
    postgres = Postgres(postgres_dsn)
    async with postgres.connection() as connection:
        await connection.execute("UPDATE documents_schema SET version = 99")
    try:
        with pytest.raises(NewerSchemaError, match="schema 99"):
            await migrate(postgres)
        assert await PostgresDocuments(postgres).get(("things", "one")) is None
    finally:
        async with postgres.connection() as connection:
            await connection.execute("UPDATE documents_schema SET version = %s", (len(MIGRATIONS),))
        await postgres.close()
