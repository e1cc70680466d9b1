"""Requests made from an API's document, sensible ones and broken ones; no answer may be a failure.

500 for a service by default, each the same in every run; `make fuzz` sends 10,000 (HYPOTHESIS_MAX_EXAMPLES) and others
each time.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from typing import Any

import httpx
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from requests import Request
from schemathesis import APIOperation, Case, GenerationMode, openapi
from schemathesis.checks import CheckFunction
from schemathesis.checks import not_a_server_error as never_fails
from schemathesis.core.result import Ok
from schemathesis.specs.openapi import checks

Operation = APIOperation[Any, Any, Any, Any]
_CASES = int(os.environ.get("HYPOTHESIS_MAX_EXAMPLES", "500"))
_IS_RANDOM = "HYPOTHESIS_MAX_EXAMPLES" in os.environ
CHECKS: Sequence[CheckFunction] = (
    never_fails,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
)


def operations_of(app: FastAPI) -> list[Operation]:
    """What the application's document describes."""
    schema = openapi.from_dict(app.openapi())
    return [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]


def fuzz(
    operation: Operation,
    share: int,
    lead: Callable[[Case[Any], int], None],
    send: Callable[[Case[Any]], httpx.Response],
    checks: Sequence[Any] = CHECKS,
) -> None:
    """Send an operation its part of all requests, of which each of `share` operations gets as many.

    `lead` may change a request, by the number that it is given, so that it leads to something that is there; without
    that most answers are 404. Raises where an answer is a failure, or one that the document doesn't have.
    """
    strategy = operation.as_strategy(GenerationMode.POSITIVE) | operation.as_strategy(GenerationMode.NEGATIVE)

    @settings(
        max_examples=math.ceil(_CASES / share),
        derandomize=not _IS_RANDOM,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(case=strategy, number=st.integers(0, 1 << 16))
    def ask(case: Case[Any], number: int) -> None:
        lead(case, number)
        case.validate_response(send(case), checks=list(checks))

    ask()


async def sent(
    client: httpx.AsyncClient, case: Case[Any], base_url: str, headers: dict[str, str] | None = None
) -> httpx.Response:
    """The answer to a request, sent by `client` with these headers too."""
    prepared = Request(**case.as_transport_kwargs(base_url=base_url)).prepare()
    body = prepared.body.encode() if isinstance(prepared.body, str) else prepared.body
    assert prepared.method is not None
    assert prepared.url is not None
    assert body is None or isinstance(body, bytes)
    all_headers = httpx.Headers({name: str(value) for name, value in prepared.headers.items()})
    all_headers.update(headers or {})
    return await client.request(prepared.method, prepared.url, headers=all_headers, content=body)
