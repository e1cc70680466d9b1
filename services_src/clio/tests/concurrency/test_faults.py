"""A store that is slow, drops connections in mid-write, is gone and comes back: every request gets its answer."""

from __future__ import annotations

import asyncio
import tempfile
import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from karst_platform.measured import MeasuredDocuments, store_limit_s
from karst_platform.stores.documents import Documents
from karst_platform.stores.documents_firestore import FirestoreDocuments, FirestoreSettings
from karst_platform.stores.documents_postgres import PostgresDocuments
from karst_platform.stores.migrations import migrate
from karst_platform.stores.postgres import Postgres
from karst_platform.testing_way import Place, Way
from services_src.clio.tests.concurrency.conftest import STORES
from services_src.clio.tests.support import Server, serving

pytestmark = pytest.mark.anyio
ADA = "ada@example.org"
ANNOTATIONS, NEURONS = "/v2/annotations/mb20", "/v2/json-annotations/mb20/neurons"
LETTERS = 1400
LIMIT_S = 3


@dataclass(frozen=True, kw_only=True)
class Faulty:
    """A server, and the way to its store."""

    server: Server
    way: Way
    store: str

    async def ask(self, method: str, path: str, body: object = None) -> httpx.Response:
        return await self.server.ask(method, path, user=ADA, json=body)

    async def count(self, path: str) -> int:
        """How many there are, by an answer that must be a good one."""
        answer = await self.ask("GET", path)
        assert answer.status_code == 200, answer.text
        return len(answer.json())


@pytest.fixture(params=STORES)
async def faulty(request: pytest.FixtureRequest) -> AsyncIterator[Faulty]:
    if request.param == "postgres":
        opened = behind_postgres(request.getfixturevalue("embedded_postgres").start())
    else:
        opened = behind_firestore(request.getfixturevalue("firestore_emulator"))
    async with opened as (documents, way), serving(documents, owner=ADA) as server:
        await server.store(
            (("clio_users", ADA), {"global_roles": ["clio_general", "clio_write"]}),
            (("clio_datasets", "mb20"), {"description": "d", "public": True}),
        )
        assert (await server.ask("GET", ANNOTATIONS, user=ADA)).status_code == 200  # it knows its user now
        yield Faulty(server=server, way=way, store=request.param)


@asynccontextmanager
async def behind_postgres(dsn: str) -> AsyncGenerator[tuple[Documents, Way]]:
    await empty(dsn)
    (folder,) = parse_qs(urlsplit(dsn).query)["host"]
    name = ".s.PGSQL.5432"
    with tempfile.TemporaryDirectory(prefix="way-") as near:
        way = Way(Place(path=Path(near) / name), Place(path=Path(folder) / name))
        await way.mend()
        documents = PostgresDocuments(Postgres(dsn.replace(folder, near), statement_timeout_s=2))
        yield documents, way
        await way.mend()
        await documents.close()
        way.cut()


async def empty(dsn: str) -> None:
    postgres = Postgres(dsn)
    await migrate(postgres)
    async with postgres.connection() as connection:
        await connection.execute("TRUNCATE documents")
    await postgres.close()


@asynccontextmanager
async def behind_firestore(emulator: str) -> AsyncGenerator[tuple[Documents, Way]]:
    way = Way(Place(), Place(port=int(emulator.rpartition(":")[2])))
    await way.mend()
    project = f"test-{uuid.uuid4().hex[:20]}"
    documents = FirestoreDocuments(FirestoreSettings(project=project, emulator_host=f"127.0.0.1:{way.near.port}"))
    yield documents, way
    await way.mend()
    await documents.close()
    way.cut()


def is_away(answer: httpx.Response) -> bool:
    """Whether a request was answered as the contract says for a store that is away."""
    is_told = answer.status_code == 503 and set(answer.json()) == {"detail"}
    return is_told and int(answer.headers["retry-after"]) > 0


async def recovered(faulty: Faulty) -> None:
    """Wait until the store is there again for the server, for ten seconds at the most."""
    end_s = time.monotonic() + 10
    while not (await faulty.ask("GET", ANNOTATIONS)).is_success:
        assert time.monotonic() < end_s, "it doesn't recover"
        await asyncio.sleep(0.1)


def points(count: int, **more: object) -> list[dict[str, Any]]:
    return [{"kind": "point", "pos": [x, 0, 0], "description": "d" * LETTERS, **more} for x in range(count)]


def bodies(count: int) -> list[dict[str, Any]]:
    return [{"bodyid": body, "type": "T" * LETTERS, "status": "S"} for body in range(1, count + 1)]


@pytest.mark.parametrize(
    ("path", "posted"),
    [
        # Firestore's emulator takes 3 MiB in a commit, a merge 2,000 annotations in a transaction, neurons 400.
        (ANNOTATIONS, points(2600)),
        (f"{ANNOTATIONS}?replace=false", points(2100)),
        (NEURONS, bodies(900)),
    ],
    ids=["annotations", "merged annotations", "neurons"],
)
async def test_a_bulk_post_that_is_cut_off_is_whole_in_parts(
    faulty: Faulty, path: str, posted: list[dict[str, Any]]
) -> None:
    faulty.way.bytes_left = len(posted) * LETTERS * 0.9
    assert is_away(await faulty.ask("POST", path, posted))
    assert is_away(await faulty.ask("GET", "/v2/kv/s/key"))
    await faulty.way.mend()
    await recovered(faulty)
    everything = NEURONS + "/all" if path is NEURONS else ANNOTATIONS
    found = (await faulty.ask("GET", everything)).json()
    assert len(found) < len(posted)
    if faulty.store == "postgres" and path == ANNOTATIONS:
        assert found == []
    for each in found:
        assert each.get("description") == "d" * LETTERS or each.get("type") == "T" * LETTERS
    for _ in range(2):
        assert (await faulty.ask("POST", path, posted)).status_code == 200
        assert await faulty.count(everything) == len(posted)


async def test_a_single_write_that_is_cut_off_happens_or_not(faulty: Faulty) -> None:
    writes: dict[str, tuple[str, dict[str, Any]]] = {
        f"{ANNOTATIONS}?move_key=Pt9_9_9": (ANNOTATIONS, {"kind": "point", "pos": [1, 2, 3], "title": "x" * 50_000}),
        "/v2/atlas/mb20?x=1&y=2&z=3": ("/v2/atlas/mb20", {"title": "T", "user": ADA, "prop": "x" * 50_000}),
        "/v2/kv/s/key": ("/v2/kv/s", {str(n): "x" * 9 + str(n) for n in range(100_000)}),
        NEURONS: (f"{NEURONS}/all", {"bodyid": 5, "type": "x" * 50_000}),
    }
    for path, (read, body) in writes.items():
        faulty.way.bytes_left = 20_000
        assert is_away(await faulty.ask("POST", path, body)), path
        await faulty.way.mend()
        await recovered(faulty)
        assert not (await faulty.ask("GET", read)).json(), path
        assert (await faulty.ask("POST", path, body)).status_code == 200
        assert len((await faulty.ask("GET", read)).json()) == 1


async def test_a_store_that_is_gone_and_back(faulty: Faulty) -> None:
    assert (await faulty.ask("POST", ANNOTATIONS, points(3))).status_code == 200
    faulty.way.cut()
    began_s = time.monotonic()
    asked = [("GET", ANNOTATIONS, None), ("POST", ANNOTATIONS, points(4)), ("GET", f"{NEURONS}/all", None)]
    asked += [("POST", NEURONS, bodies(2)), ("POST", "/v2/kv/s/key", {}), ("GET", "/v2/atlas/all", None)]
    answers = await asyncio.gather(*(faulty.ask(*each) for each in asked))
    assert [is_away(each) for each in answers] == [True] * len(asked)
    assert time.monotonic() - began_s < 15
    assert (await faulty.ask("GET", "/healthz")).status_code == 200
    ready = await faulty.ask("GET", "/readyz")
    assert ready.status_code == 503
    await faulty.way.mend()
    await recovered(faulty)
    assert await faulty.count(ANNOTATIONS) == 3


async def test_a_slow_store_is_waited_for(faulty: Faulty) -> None:
    faulty.way.delay_s = 0.1
    assert (await faulty.ask("POST", ANNOTATIONS, points(3))).status_code == 200
    answers = await asyncio.gather(*(faulty.ask("GET", ANNOTATIONS) for _ in range(8)))
    assert [len(each.json()) for each in answers] == [3] * 8


async def test_a_store_that_says_nothing_is_given_up_for_now(faulty: Faulty) -> None:
    limited = MeasuredDocuments(faulty.server.documents, "documents", limit_s=store_limit_s(LIMIT_S))
    async with serving(limited, owner=ADA, handler_timeout_s=LIMIT_S + 15) as hasty:
        assert (await hasty.ask("GET", ANNOTATIONS, user=ADA)).status_code == 200
        faulty.way.hold_up()
        began_s = time.monotonic()
        answers = await asyncio.gather(
            hasty.ask("GET", ANNOTATIONS, user=ADA),
            hasty.ask("POST", ANNOTATIONS, user=ADA, json=points(4)),
            hasty.ask("POST", NEURONS, user=ADA, json=bodies(2)),
        )
        assert [is_away(each) for each in answers] == [True] * 3
        assert time.monotonic() - began_s < LIMIT_S + 15  # PostgreSQL is asked to stop, and waited for
    faulty.way.cut()
    await faulty.way.mend()
    await recovered(faulty)
    assert (await faulty.ask("POST", ANNOTATIONS, points(4))).status_code == 200
    assert await faulty.count(ANNOTATIONS) == 4
