"""Requests made from the API's document, sensible and broken ones: no answer is a failure, none is undocumented."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from schemathesis import Case

from karst_clio.main import create_app
from karst_clio.needs import make_needs
from karst_clio.settings import ClioSettings
from karst_platform.stores.documents_postgres import PostgresDocuments
from karst_platform.stores.embedded_postgres import EmbeddedPostgres
from karst_platform.stores.migrations import migrate
from karst_platform.stores.postgres import Postgres
from services_src.clio.tests.memory import MemoryDocuments
from services_src.clio.tests.support import HOST, Clock, Server, serving, token
from services_src.platform.tests.fuzzing import Operation, fuzz, operations_of, sent

CALLER = "caller@example.org"
"""Nobody of the document's examples, for requests are made of these too, and users are removed and disabled."""
DATASET = "mb20"
KNOWN = {
    "dataset": DATASET,
    "annotation_type": "neurons",
    "node": ":master",
    "volume": DATASET,
    "path": "info",
    "scope": "s",
    "key": "key",
    "ids": "23",
    "body_id": "23",
    "tag": "v1",
}
"""Names in paths that lead somewhere; without them most answers were 404."""


@cache
def operations() -> list[Operation]:
    made = ClioSettings()
    needs = make_needs(made, documents=MemoryDocuments(), http=httpx.AsyncClient(), clock=Clock())
    return operations_of(create_app(made, needs))


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def server(
    loop: asyncio.Runner, embedded_postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    stack = AsyncExitStack()
    yield loop.run(opened(stack, embedded_postgres.start(), tmp_path_factory.mktemp("buckets")))
    loop.run(stack.aclose())


async def opened(stack: AsyncExitStack, dsn: str, folder: Path) -> Server:
    """A server with everything set up, so that 502 and 503 are faults here."""
    (folder / "b" / "gray").mkdir(parents=True)
    (folder / "b" / "gray" / "info").write_bytes(b"{}")
    postgres = Postgres(dsn)
    await migrate(postgres)
    documents = PostgresDocuments(postgres)
    stack.push_async_callback(documents.close)
    buckets = {"transfer_bucket": "b", "subvolume_bucket": "b", "signature_bucket": "b", "buckets_folder": folder}
    outside = {"transfer_function": "https://w.example.org", "search_file": folder / "search"}
    server = await stack.enter_async_context(serving(documents, owner=CALLER, **buckets, **outside))
    server.calls.answer = lambda _: httpx.Response(200, json={"columns": [], "data": []})
    return server


async def refill(server: Server, dsn: str) -> None:
    """Put one of each into an empty store."""
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
        await connection.execute("TRUNCATE documents")
    neuprint = {"dataset": DATASET, "server": "neuprint.example.org"}
    await server.store(
        (("clio_users", CALLER), {"global_roles": ["admin", "clio_general", "clio_write"]}),
        (("clio_datasets", DATASET), {"description": "d", "public": True, "tag": "v1", "neuprintHTTP": neuprint}),
        (("clio_volumes", DATASET), {"bucket": "b", "path": "gray", "public": True}),
    )
    for path, body in (
        (f"/v2/annotations/{DATASET}", [{"kind": "point", "pos": [1, 2, 3]}]),
        (f"/annotations/{DATASET}?x=1&y=2&z=3", {"foo": "bar"}),
        (f"/v2/atlas/{DATASET}?x=1&y=2&z=3", {"title": "T", "user": CALLER}),
        ("/v2/kv/s/key", {"a": [1]}),
        (f"/v2/json-annotations/{DATASET}/neurons", [{"bodyid": 23, "type": "DNp01"}]),
    ):
        assert (await server.ask("POST", path, user=CALLER, json=body)).status_code == 200


def lead(case: Case[Any], number: int) -> None:
    if number % 2:
        case.path_parameters.update({name: KNOWN[name] for name in KNOWN if name in case.path_parameters})


@pytest.mark.fuzz
@pytest.mark.parametrize("operation", operations(), ids=lambda each: each.label)
def test_no_request_makes_it_fail(
    loop: asyncio.Runner, server: Server, embedded_postgres: EmbeddedPostgres, operation: Operation
) -> None:
    loop.run(refill(server, embedded_postgres.start()))
    caller = {"Authorization": f"Bearer {token(CALLER)}"}
    fuzz(operation, len(operations()), lead, lambda case: loop.run(sent(server.client, case, HOST, caller)))
