"""Large stores and busy ones: memory holds a page, and what changes meanwhile is noticed."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest

from karst_clio.exports.addresses import PostgresAddress, parse_address
from karst_clio.exports.exporting import Export, export
from karst_clio.exports.postgres_store import PostgresStore
from karst_clio.exports.progress import Screen
from karst_clio.exports.store import Record
from karst_platform.exits import CommandError, Exit
from karst_platform.stores.documents import Path as DocumentPath
from karst_platform.stores.documents import Write
from services_src.clio.tests.exports.conftest import NewStore
from services_src.clio.tests.exports.moving import move

pytestmark = pytest.mark.anyio
_ACTIVE = """
    SELECT pid FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
    AND application_name = 'karst' AND query ~ 'documents'
"""
MANY = """
    INSERT INTO documents SELECT 'clio_keyvalue/a@example.org/s/' || n || '/parts', 'p', jsonb_build_object('data',
        (SELECT string_agg(md5(n * 100000 + m || ''), '') FROM generate_series(1, 28000) m))
        FROM generate_series(1, %s) n
"""


def highest_mib(arguments: list[str]) -> float:
    """Run a command, which must end well, and return how much memory it had at the most."""
    process = subprocess.Popen([sys.executable, "-m", "karst_clio", *arguments])
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == Exit.OK
    return usage.ru_maxrss / 1024


@pytest.mark.slow
def test_memory_does_not_grow_with_the_store(new_database: NewStore, tmp_path: Path):
    source, target = new_database(), new_database()
    assert highest_mib(["migrate", "--to", source]) > 0
    highest: dict[int, list[float]] = {}
    for count in (1, 150):  # of 900 kB each
        with psycopg.connect(source, autocommit=True) as connection:
            connection.execute("TRUNCATE documents")
            connection.execute(MANY, (count,))
        folder = str(tmp_path / str(count))
        highest[count] = [
            highest_mib(["export", folder, "--from", source]),
            highest_mib(["import", folder, "--to", target, "--add"]),
        ]
    for few, many in zip(*highest.values(), strict=True):
        assert many - few < 90, highest


class Busy(PostgresStore):
    """A store to which somebody writes while it is exported."""

    async def records(self, after: DocumentPath | None) -> AsyncIterator[Record]:
        """All documents, and in the end one more, at the beginning."""
        async for record in super().records(after):
            yield record
        await self.documents.write(Write(path=("a", "new"), fields={}))


async def test_a_connection_that_breaks_is_made_anew(new_database: NewStore, tmp_path: Path):
    source, target = new_database(), new_database()
    store = PostgresStore(parse_postgres(source))
    await store.open(is_writing=True)
    await store.documents.write(*(Write(path=("things", f"{n:05}"), fields={"n": n}) for n in range(6000)))
    await store.close()
    killer = asyncio.create_task(break_connections(source, target))
    await move(source, target, tmp_path / "e")
    assert await stopped(killer) >= 4
    store = PostgresStore(parse_postgres(target))
    await store.open(is_writing=False)
    assert await store.count() == 6000
    await store.close()


async def break_connections(*addresses: str) -> int:
    """Break what other connections do, some times each, and count."""
    count = 0
    for address in addresses:
        async with await psycopg.AsyncConnection.connect(address, autocommit=True) as connection:
            for _ in range(2):
                while not (pids := await (await connection.execute(_ACTIVE)).fetchall()):
                    await asyncio.sleep(0.001)
                for (pid,) in pids:
                    await connection.execute("SELECT pg_terminate_backend(%s)", (pid,))
                    count += 1
    return count


async def stopped(task: asyncio.Task[int]) -> int:
    return await asyncio.wait_for(task, 1)


def parse_postgres(text: str) -> PostgresAddress:
    address = parse_address(text)
    assert isinstance(address, PostgresAddress)
    return address


async def test_a_store_that_changes_meanwhile_makes_no_export(new_database: NewStore, tmp_path: Path):
    address = parse_postgres(new_database())
    store = Busy(address)
    await store.open(is_writing=True)
    await store.documents.write(*(Write(path=("things", f"{n}"), fields={}) for n in range(30)))
    order = Export(source=str(address), folder=tmp_path / "e")
    with pytest.raises(CommandError, match="holds 31 documents now, 30 were exported") as raised:
        await export(order, store, Screen())
    assert raised.value.exit_code is Exit.DIFFERENT
    await store.close()
