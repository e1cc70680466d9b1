"""Requests made from the API's document, sensible and broken ones: no answer is a failure, none is undocumented."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from schemathesis import Case

from karst_nglstate.main import create_app
from karst_platform.stores.embedded_postgres import EmbeddedPostgres
from karst_platform.stores.migrations import migrate
from karst_platform.stores.postgres import Postgres
from services_src.nglstate.tests.conftest import unlimited
from services_src.nglstate.tests.support import HOST, Server, header, serving
from services_src.platform.tests.fuzzing import Operation, fuzz, operations_of, sent
from services_src.platform.tests.guard.people import SUPERADMIN


@cache
def operations() -> list[Operation]:
    return operations_of(create_app(unlimited()))


@asynccontextmanager
async def filled(dsn: str, folder: Path) -> AsyncGenerator[Server]:
    postgres = Postgres(dsn)
    await migrate(postgres)
    await postgres.close()
    settings = unlimited(postgres_dsn=SecretStr(dsn), buckets_folder=folder)
    async with serving(settings) as server:
        for number in range(10):
            path = "/property/post" if number % 2 else "/post"
            await server.ask("POST", f"/api/v1{path}/{number + 1}", f"[{number}]", who=SUPERADMIN)
        yield server


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as made:
        yield made


def lead(case: Case[Any], number: int) -> None:
    if "state_id" in case.path_parameters and number % 3:
        case.path_parameters["state_id"] = str(number % 12)


@pytest.mark.fuzz
@pytest.mark.parametrize("operation", operations(), ids=lambda each: each.label)
def test_no_request_makes_it_fail(
    runner: asyncio.Runner, embedded_postgres: EmbeddedPostgres, tmp_path: Path, operation: Operation
) -> None:
    service = filled(embedded_postgres.start(), tmp_path)
    server = runner.run(service.__aenter__())

    def send(case: Case[Any]) -> httpx.Response:
        return runner.run(sent(server.client, case, f"{HOST}/nglstate", header(SUPERADMIN)))

    try:
        fuzz(operation, len(operations()), lead, send)
    finally:
        runner.run(service.__aexit__(None, None, None))
