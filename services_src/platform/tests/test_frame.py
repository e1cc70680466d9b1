"""The frame that every service stands in: limits of bodies and of time, health, headers, secrets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI, Request
from starlette.responses import StreamingResponse

from karst_platform import Settings, load_settings, service_app
from karst_platform.health import Check, draining
from services_src.platform.tests.frame_client import ask, plain_app

pytestmark = pytest.mark.anyio


def app() -> FastAPI:
    made = plain_app(Settings(body_limit_kib=1, handler_timeout_s=1))

    @made.post("/size")
    async def size(request: Request) -> int:
        return len(await request.body())

    @made.get("/slow")
    async def slow() -> None:
        await asyncio.sleep(30)

    @made.get("/own-timeout")
    async def own_timeout() -> None:
        raise TimeoutError("of a call")

    @made.get("/stream")
    async def stream() -> StreamingResponse:
        async def pieces() -> AsyncIterator[bytes]:
            yield b"begin"
            await asyncio.sleep(1.3)
            yield b" end"

        return StreamingResponse(pieces())

    return made


@pytest.mark.parametrize("given", ["a b", "x" * 65, "<script>"])
async def test_a_strange_request_id_is_replaced(given: str) -> None:
    headers = {"X-Request-ID": given}
    assert (await ask(app(), "/health/live", headers=headers)).headers["X-Request-ID"] != given


async def test_a_decent_request_id_is_kept() -> None:
    headers = {"X-Request-ID": "a-decent.id_1"}
    assert (await ask(app(), "/health/live", headers=headers)).headers["X-Request-ID"] == "a-decent.id_1"


async def test_bodies_over_the_limit_are_refused_told_or_not() -> None:
    async def stream() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield bytes(512)

    assert (await ask(app(), "/size", method="POST", content=bytes(1024))).json() == 1024
    assert (await ask(app(), "/size", method="POST", content=bytes(1025))).status_code == 413
    assert (await ask(app(), "/size", method="POST", content=stream())).status_code == 413


async def test_large_bodies_at_the_same_time_are_bounded_and_small_ones_let_in() -> None:
    made = plain_app(Settings(body_limit_kib=2048))
    all_read = asyncio.Event()

    @made.post("/keep")
    async def keep(request: Request) -> int:
        size = len(await request.body())
        await all_read.wait()
        return size

    large, small = bytes(2 << 20), bytes(1 << 20)
    kept = [asyncio.create_task(ask(made, "/keep", method="POST", content=large)) for _ in range(2)]
    await asyncio.sleep(0.1)
    third = await ask(made, "/keep", method="POST", content=large)
    assert (third.status_code, third.headers["Retry-After"]) == (503, "2")
    kept.append(asyncio.create_task(ask(made, "/keep", method="POST", content=small)))
    await asyncio.sleep(0.1)
    all_read.set()
    assert [answer.json() for answer in await asyncio.gather(*kept)] == [len(large), len(large), len(small)]
    assert (await ask(made, "/keep", method="POST", content=large)).json() == len(large)


async def test_what_takes_too_long_is_given_up_and_what_has_begun_is_not() -> None:
    slow, stream = await asyncio.gather(ask(app(), "/slow"), ask(app(), "/stream"))
    assert (slow.status_code, slow.json()["error"]["code"]) == (504, "gateway_timeout")
    assert (stream.status_code, stream.text) == (200, "begin end")
    assert (await ask(app(), "/own-timeout")).status_code == 504


async def test_slashes_at_the_end_lead_nowhere_else() -> None:
    answer = await ask(app(), "/health/live/")
    assert (answer.status_code, answer.json()) == (200, {"status": "live"})


@pytest.fixture
def ending() -> Iterator[None]:
    draining.is_asked = True
    yield
    draining.is_asked = False


@pytest.mark.usefixtures("ending")
async def test_a_replica_that_ends_is_alive_and_not_ready() -> None:
    assert (await ask(app(), "/health/live")).status_code == 200
    answer = await ask(app(), "/health/ready")
    assert (answer.status_code, answer.json()["status"]) == (503, "draining")


async def _gone() -> str | None:
    return "the bucket is gone"


async def _hangs() -> str | None:
    await asyncio.sleep(30)


@pytest.mark.parametrize(
    ("check", "missing"),
    [(lambda: "no database", "no database"), (_gone, "the bucket is gone"), (_hangs, "no answer within 2 s")],
)
async def test_ready_names_what_is_missing(check: Check, missing: str) -> None:
    ready = {"it": check, "other": lambda: None}
    made = service_app(name="x", title="x", version="1", settings=Settings(), ready=ready)
    answer = await ask(made, "/health/ready")
    assert (answer.status_code, answer.json()["missing"]) == (503, {"it": missing})
    assert (await ask(made, "/health/live")).status_code == 200


@pytest.mark.parametrize("place", ["KARST_PORT", "karst_port/KARST_PORT"])
def test_a_mounted_secret_wins_over_the_environment(tmp_path: Path, place: str) -> None:
    path = tmp_path / place
    path.parent.mkdir(exist_ok=True)
    path.write_text("9000\n")
    assert load_settings(Settings, {"KARST_SECRETS": str(tmp_path), "KARST_PORT": "1"}).port == 9000
