"""The schema of the documents goes up and down under documents that are there, whole or not at all."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import LiteralString

import psycopg
import pytest

from karst_platform.stores import migrations
from karst_platform.stores.documents import Fields, Path, Query, Write
from karst_platform.stores.documents_postgres import PostgresDocuments
from karst_platform.stores.migrations import (
    MIGRATIONS,
    Migration,
    NewerSchemaError,
    OlderSchemaError,
    check_schema,
    migrate,
    schema_version,
)
from karst_platform.stores.postgres import Postgres

pytestmark = pytest.mark.anyio
NEWEST = len(MIGRATIONS)
HELD: dict[Path, Fields] = {("things", f"{n}"): {"n": n, "float": 1.0, "list": [[n], None]} for n in range(500)}
ADDED = Migration(
    up=("ALTER TABLE documents ADD COLUMN changed timestamptz NOT NULL DEFAULT now()",),
    down=("ALTER TABLE documents DROP COLUMN changed",),
)
BROKEN = Migration(up=("CREATE TABLE half (n int)", "SELECT 1 / 0"), down=("DROP TABLE half",))


@pytest.fixture
async def postgres(postgres_dsn: str) -> AsyncIterator[Postgres]:
    postgres = Postgres(postgres_dsn)
    await PostgresDocuments(postgres).write(*(Write(path=path, fields=fields) for path, fields in HELD.items()))
    yield postgres
    await migrate(postgres, NEWEST)
    await postgres.close()


def release(monkeypatch: pytest.MonkeyPatch, *steps: Migration) -> None:
    monkeypatch.setattr(migrations, "MIGRATIONS", (*MIGRATIONS, *steps))


async def held(postgres: Postgres) -> dict[Path, Fields]:
    found = PostgresDocuments(postgres).find(Query(collection=("things",)))
    return {document.path: document.fields async for document in found}


async def names(postgres: Postgres, text: LiteralString) -> set[str]:
    async with postgres.connection() as connection:
        return {row[0] for row in await (await connection.execute(text)).fetchall()}


async def columns(postgres: Postgres) -> set[str]:
    return await names(postgres, "SELECT column_name FROM information_schema.columns WHERE table_name = 'documents'")


async def test_documents_live_through_a_step_up_down_and_up(postgres: Postgres, monkeypatch: pytest.MonkeyPatch):
    release(monkeypatch, ADDED)
    for to, has_column in ((NEWEST + 1, True), (NEWEST, False), (NEWEST + 1, True), (NEWEST, False)):
        assert await migrate(postgres, to) == 1
        assert await schema_version(postgres) == to
        assert ("changed" in await columns(postgres)) is has_column
        assert await held(postgres) == HELD


async def test_documents_live_through_every_step_that_was_released(postgres: Postgres):
    search = Query(collection=("things",), equals=(("n", 7),))
    for to in (*range(NEWEST - 1, 0, -1), *range(2, NEWEST + 1)):
        assert await migrate(postgres, to) == 1
        assert await held(postgres) == HELD
        found = [document.id async for document in PostgresDocuments(postgres).find(search)]
        assert found == ["7"], f"schema {to}"
    assert await schema_version(postgres) == NEWEST


async def test_a_step_that_fails_leaves_everything_as_it_was(postgres: Postgres, monkeypatch: pytest.MonkeyPatch):
    release(monkeypatch, ADDED, BROKEN)
    with pytest.raises(psycopg.errors.DivisionByZero):
        await migrate(postgres, NEWEST + 2)
    assert await schema_version(postgres) == NEWEST
    assert "changed" not in await columns(postgres)
    assert "half" not in await names(postgres, "SELECT tablename FROM pg_tables")
    assert await held(postgres) == HELD


async def test_down_to_nothing_leaves_nothing_and_up_again_is_as_new(postgres: Postgres):
    indexes = "SELECT indexdef FROM pg_indexes WHERE tablename = 'documents'"
    before = await columns(postgres), await names(postgres, indexes)
    assert await migrate(postgres, 0) == NEWEST
    assert await columns(postgres) == set()
    assert await schema_version(postgres) == 0
    assert await migrate(postgres) == NEWEST
    assert (await columns(postgres), await names(postgres, indexes)) == before
    assert await held(postgres) == {}


async def test_a_program_tells_a_schema_that_is_not_its_own(postgres: Postgres, monkeypatch: pytest.MonkeyPatch):
    await check_schema(postgres)
    release(monkeypatch, ADDED)
    with pytest.raises(OlderSchemaError, match=f"schema {NEWEST}, this Karst needs {NEWEST + 1}"):
        await check_schema(postgres)
    await migrate(postgres, NEWEST + 1)
    await check_schema(postgres)
    monkeypatch.setattr(migrations, "MIGRATIONS", MIGRATIONS)
    with pytest.raises(NewerSchemaError, match=f"schema {NEWEST + 1}, this Karst knows {NEWEST}: use the newer Karst"):
        await check_schema(postgres)
    release(monkeypatch, ADDED)
    await migrate(postgres, NEWEST)


async def test_there_is_no_way_to_a_schema_that_nobody_made(postgres: Postgres):
    for to in (-1, NEWEST + 1):
        with pytest.raises(ValueError, match=f"no schema {to}"):
            await migrate(postgres, to)
    assert await held(postgres) == HELD
