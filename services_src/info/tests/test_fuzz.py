"""Requests made from the API's document, sensible and broken ones: no answer is a failure, none is undocumented."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from functools import cache
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from schemathesis import Case

from karst_info.main import create_app
from karst_info.settings import InfoSettings
from services_src.info.tests.support import HOST, ROOT, TOKEN_OF, Told, settings
from services_src.platform.tests.fuzzing import Operation, fuzz, operations_of, sent

_NAMES = ("fish", "mouse", "fish_flat", "unmapped", "ghost", "fish_v1", "mouse_v1")
_CALLERS = (*TOKEN_OF.values(), "x", "")


@cache
def operations() -> list[Operation]:
    return operations_of(create_app(InfoSettings()))


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def fuzzed(read_dsn: str, loop: asyncio.Runner) -> Iterator[FastAPI]:
    app = create_app(settings(read_dsn), Told())
    loop.run(app.state.info.current.refresh())
    yield app
    loop.run(app.state.info.database.close())


async def send(app: FastAPI, case: Case[Any], token: str) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=HOST) as client:
        return await sent(client, case, HOST + ROOT, {"Authorization": f"Bearer {token}"})


def lead(case: Case[Any], number: int) -> None:
    if number % 3:
        known = {"name": _NAMES[number % len(_NAMES)], "volume_id": str(number % 4)}
        case.path_parameters.update({key: known[key] for key in case.path_parameters if key in known})
        if "image_source_name" in case.query and number % 2:
            case.query["image_source_name"] = "fish_gcp"


@pytest.mark.fuzz
@pytest.mark.parametrize("operation", operations(), ids=lambda each: each.label)
def test_no_request_makes_it_fail(fuzzed: FastAPI, loop: asyncio.Runner, operation: Operation) -> None:
    numbers = iter(range(1 << 20))
    fuzz(
        operation,
        len(operations()),
        lead,
        lambda case: loop.run(send(fuzzed, case, _CALLERS[next(numbers) % len(_CALLERS)])),
    )
