"""Requests made from the API's document, sensible ones and broken ones: no answer is a failure, none is undocumented.

500 by default, each the same in every run; `make fuzz` sends 10,000 (HYPOTHESIS_MAX_EXAMPLES) and others each time.
"""

from __future__ import annotations

import asyncio
import math
import os
from collections.abc import Iterator
from functools import cache
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from requests import Request
from schemathesis import APIOperation, Case, GenerationMode, openapi
from schemathesis.checks import CheckFunction
from schemathesis.checks import not_a_server_error as never_fails
from schemathesis.core.result import Ok
from schemathesis.specs.openapi import checks

from karst_schema.types import annotation_types
from services_src.schema.tests.support import HOST, ROOT, application, client

CASES = int(os.environ.get("HYPOTHESIS_MAX_EXAMPLES", "500"))
IS_RANDOM = "HYPOTHESIS_MAX_EXAMPLES" in os.environ
CHECKS: list[CheckFunction] = [
    never_fails,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
NAMES = list(annotation_types())
Operation = APIOperation[Any, Any, Any, Any]


@cache
def operations() -> list[Operation]:
    schema = openapi.from_dict(application().openapi())
    return [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


async def send(case: Case[Any]) -> httpx.Response:
    sent = Request(**case.as_transport_kwargs(base_url=HOST + ROOT)).prepare()
    body = sent.body.encode() if isinstance(sent.body, str) else sent.body
    assert sent.method is not None
    assert sent.url is not None
    assert body is None or isinstance(body, bytes)
    headers = httpx.Headers({name: str(value) for name, value in sent.headers.items()})
    async with client() as made:
        return await made.request(sent.method, sent.url, headers=headers, content=body)


@pytest.mark.fuzz
@pytest.mark.parametrize("operation", operations(), ids=lambda each: each.label)
def test_no_request_makes_it_fail(loop: asyncio.Runner, operation: Operation) -> None:
    strategy = operation.as_strategy(GenerationMode.POSITIVE) | operation.as_strategy(GenerationMode.NEGATIVE)

    @settings(
        max_examples=math.ceil(CASES / len(operations())),
        derandomize=not IS_RANDOM,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(case=strategy, known=st.none() | st.sampled_from(NAMES))
    def ask(case: Case[Any], known: str | None) -> None:
        if known is not None and "name" in case.path_parameters:
            case.path_parameters["name"] = known
        if known is not None and "schema_names" in case.query:
            case.query["schema_names"] = known
        case.validate_response(loop.run(send(case)), checks=CHECKS)

    ask()
