"""Requests made from the API's document, sensible ones and broken ones: no answer is a failure, none is undocumented.

500 by default, each the same in every run; `make fuzz` sends 10,000 (HYPOTHESIS_MAX_EXAMPLES) and others each time.
"""

from __future__ import annotations

import asyncio
import math
import os
from collections.abc import Iterator
from contextlib import AsyncExitStack
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from requests import Request
from schemathesis import APIOperation, Case, GenerationMode, openapi
from schemathesis.checks import CheckFunction
from schemathesis.checks import not_a_server_error as never_fails
from schemathesis.core.result import Ok
from schemathesis.specs.openapi import checks

from karst_clio.main import create_app
from karst_clio.needs import make_needs
from karst_clio.settings import ClioSettings
from karst_platform.stores.documents_postgres import PostgresDocuments
from karst_platform.stores.embedded_postgres import EmbeddedPostgres
from karst_platform.stores.migrations import migrate
from karst_platform.stores.postgres import Postgres
from services_src.clio.tests.memory import MemoryDocuments
from services_src.clio.tests.support import HOST, Clock, Server, serving, token

CALLER = "caller@example.org"
"""Nobody of the document's examples, for requests are made of these too, and users are removed and disabled."""
DATASET = "mb20"
CASES = int(os.environ.get("HYPOTHESIS_MAX_EXAMPLES", "500"))
IS_RANDOM = "HYPOTHESIS_MAX_EXAMPLES" in os.environ
CHECKS: list[CheckFunction] = [
    never_fails,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
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
def operations() -> list[APIOperation[Any, Any, Any, Any]]:
    made = ClioSettings()
    needs = make_needs(made, documents=MemoryDocuments(), http=httpx.AsyncClient(), clock=Clock())
    schema = openapi.from_dict(create_app(made, needs).openapi())
    return [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]


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


async def send(server: Server, case: Case[Any]) -> httpx.Response:
    sent = Request(**case.as_transport_kwargs(base_url=HOST)).prepare()
    headers = httpx.Headers({name: str(value) for name, value in sent.headers.items()})
    headers["Authorization"] = f"Bearer {token(CALLER)}"
    body = sent.body.encode() if isinstance(sent.body, str) else sent.body
    assert sent.method is not None
    assert sent.url is not None
    assert body is None or isinstance(body, bytes)
    return await server.client.request(sent.method, sent.url, headers=headers, content=body)


@pytest.mark.fuzz
@pytest.mark.parametrize("operation", operations(), ids=lambda each: each.label)
def test_no_request_makes_it_fail(
    loop: asyncio.Runner,
    server: Server,
    embedded_postgres: EmbeddedPostgres,
    operation: APIOperation[Any, Any, Any, Any],
) -> None:
    loop.run(refill(server, embedded_postgres.start()))
    strategy = operation.as_strategy(GenerationMode.POSITIVE) | operation.as_strategy(GenerationMode.NEGATIVE)

    @settings(
        max_examples=math.ceil(CASES / len(operations())),
        derandomize=not IS_RANDOM,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(case=strategy, is_known=st.booleans())
    def ask(case: Case[Any], is_known: bool) -> None:
        if is_known:
            case.path_parameters.update({name: KNOWN[name] for name in KNOWN if name in case.path_parameters})
        case.validate_response(loop.run(send(server, case)), checks=CHECKS)

    ask()
