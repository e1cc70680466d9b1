"""What Prometheus reads, and who may."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from fastapi import APIRouter, FastAPI
from prometheus_client.parser import text_string_to_metric_families
from starlette.responses import StreamingResponse

from karst_platform import Settings
from services_src.platform.tests.frame_client import ask, plain_app

pytestmark = pytest.mark.anyio
COUNT = "http_server_request_duration_seconds_count"


def app(settings: Settings | None = None) -> FastAPI:
    made = plain_app(settings)
    inner, outer = APIRouter(prefix="/inner"), APIRouter(prefix="/outer")

    @inner.get("/things/{name}")
    async def thing(name: str) -> str:
        if name == "broken":
            raise ValueError(name)
        return name

    @inner.get("/stream")
    async def stream() -> StreamingResponse:
        async def pieces() -> AsyncIterator[bytes]:
            await asyncio.sleep(0.3)
            yield b"12345678"

        return StreamingResponse(pieces())

    outer.include_router(inner)
    made.include_router(outer)
    return made


async def samples(made: FastAPI) -> dict[tuple[str, str, str, str], float]:
    """Name, method, route and status of each sample of this application, and its value."""
    page = await ask(made, "/metrics")
    assert page.status_code == 200
    return {
        (
            sample.name,
            sample.labels.get("http_request_method", ""),
            sample.labels.get("http_route", ""),
            sample.labels.get("http_response_status_code", ""),
        ): sample.value
        for family in text_string_to_metric_families(page.text)
        for sample in family.samples
        if sample.labels.get("service") == "example"
    }


@pytest.mark.parametrize(
    ("method", "path", "counted"),
    [
        ("GET", "/outer/inner/things/ada@example.org?token=x", ("GET", "/outer/inner/things/{name}", "200")),
        ("GET", "/outer/inner/things/broken", ("GET", "/outer/inner/things/{name}", "500")),
        ("POST", "/outer/inner/things/x", ("POST", "/outer/inner/things/{name}", "405")),
        ("GET", "/no/such/path", ("GET", "(none)", "404")),
        ("BREW", "/no/such/path", ("_OTHER", "(none)", "404")),
    ],
)
async def test_requests_are_counted_by_template(method: str, path: str, counted: tuple[str, str, str]) -> None:
    made = app()
    before = (await samples(made)).get((COUNT, *counted), 0)
    await ask(made, path, method=method)
    page = await ask(made, "/metrics")
    assert (await samples(made))[COUNT, *counted] == before + 1
    # Other tests of this process may have counted requests of other services.
    ours = "".join(line for line in page.text.splitlines() if 'service="example"' in line)
    for private in ("ada@", "such", "token", "BREW"):
        assert private not in ours


async def test_time_runs_until_the_last_byte_and_requests_in_flight_are_counted() -> None:
    made = app()
    active = ("http_server_active_requests", "", "", "")
    total = ("http_server_request_duration_seconds_sum", "GET", "/outer/inner/stream", "200")
    sent = ("http_server_response_body_bytes_total", "", "", "")
    before = await samples(made)
    running = asyncio.create_task(ask(made, "/outer/inner/stream"))
    await asyncio.sleep(0.1)
    assert (await samples(made))[active] == before[active] + 1
    await running
    after = await samples(made)
    assert after[active] == before[active]
    assert after[total] - before.get(total, 0) >= 0.3
    assert after[sent] - before[sent] == 8


@pytest.mark.parametrize("client", ["127.0.0.1", "10.4.0.7", "100.64.0.1", "::1", "fd00::1"])
async def test_collectors_of_the_own_network_may_read(client: str) -> None:
    assert (await ask(app(), "/metrics", client=client)).headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize(
    ("client", "headers"),
    [
        ("130.211.0.1", {}),
        ("35.191.0.1", {}),
        ("169.254.1.1", {}),
        ("10.4.0.7", {"X-Forwarded-For": "10.4.0.8"}),
        ("10.4.0.7", {"forwarded": "for=10.4.0.8"}),
        ("10.4.0.7", {"Via": "1.1 google"}),
        ("nonsense", {}),
    ],
)
async def test_others_and_whoever_comes_by_a_proxy_find_nothing(client: str, headers: dict[str, str]) -> None:
    answer = await ask(app(), "/metrics", client=client, headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


async def test_the_networks_are_a_setting() -> None:
    made = app(Settings.model_validate({"KARST_METRICS_FROM": "192.0.2.0/24"}))
    assert (await ask(made, "/metrics", client="192.0.2.9")).status_code == 200
    assert (await ask(made, "/metrics", client="127.0.0.1")).status_code == 404
    nobody = app(Settings.model_validate({"KARST_METRICS_FROM": ""}))
    assert (await ask(nobody, "/metrics")).status_code == 404


async def test_only_reading_and_only_here() -> None:
    assert (await ask(app(), "/metrics", method="POST")).status_code == 404
    assert (await ask(app(), "/other/metrics")).status_code == 404
