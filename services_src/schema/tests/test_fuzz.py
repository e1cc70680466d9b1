"""Requests made from the API's document, sensible and broken ones: no answer is a failure, none is undocumented."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from functools import cache
from typing import Any

import httpx
import pytest
from schemathesis import Case

from karst_schema.types import annotation_types
from services_src.platform.tests.fuzzing import Operation, fuzz, operations_of, sent
from services_src.schema.tests.support import HOST, ROOT, application, client

NAMES = list(annotation_types())


@cache
def operations() -> list[Operation]:
    return operations_of(application())


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


async def send(case: Case[Any]) -> httpx.Response:
    async with client() as made:
        return await sent(made, case, HOST + ROOT)


def lead(case: Case[Any], number: int) -> None:
    if number % 2:
        name = NAMES[number % len(NAMES)]
        case.path_parameters.update({"name": name} if "name" in case.path_parameters else {})
        case.query.update({"schema_names": name} if "schema_names" in case.query else {})


@pytest.mark.fuzz
@pytest.mark.parametrize("operation", operations(), ids=lambda each: each.label)
def test_no_request_makes_it_fail(loop: asyncio.Runner, operation: Operation) -> None:
    fuzz(operation, len(operations()), lead, lambda case: loop.run(send(case)))
