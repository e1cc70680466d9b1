"""The frame's limits as clients of the store meet them: in its wire contract, with the headers of CORS."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from collections.abc import Iterator

import pytest

from karst_platform.health import draining
from karst_platform.logs import configure_logging
from karst_platform.stores.documents import Document, Path
from services_src.clio.tests.memory import MemoryDocuments
from services_src.clio.tests.support import KEY, serving, token

pytestmark = pytest.mark.anyio
ADA, BOB = "ada@example.org", "bob@example.org"
PAGE = "https://page.example.org"


async def test_a_user_that_asks_too_often_is_told_when_to_come_back() -> None:
    async with serving(rate_per_user=0.1) as server:
        assert (await server.ask("GET", "/v2/roles", user=ADA)).status_code == 200
        other = token(ADA.upper(), name="Ada")
        refused = await server.ask("GET", "/v2/kv/x", headers={"Authorization": f"Bearer {other}", "Origin": PAGE})
        assert (refused.status_code, refused.json()) == (429, {"detail": "Too many requests. Try again in 10 s."})
        assert refused.headers["retry-after"] == "10"
        assert refused.headers["access-control-allow-origin"] == PAGE
        assert (await server.ask("GET", "/v2/roles", user=BOB)).status_code == 200
        assert (await server.ask("GET", "/v2/roles")).status_code == 401, "strangers are nobody's neighbours"


async def test_an_address_that_asks_too_often_is_refused_before_anything_is_looked_at() -> None:
    async with serving(rate_per_address=0.1) as server:
        assert (await server.ask("GET", "/v2/roles", headers={"Authorization": "Bearer x"})).status_code == 401
        refused = await server.ask("GET", "/v2/roles", headers={"Authorization": "Bearer y", "Origin": PAGE})
        assert (refused.status_code, set(refused.json())) == (429, {"detail"})
        assert refused.headers["access-control-allow-origin"] == PAGE


class StuckDocuments(MemoryDocuments):
    """A store that never answers."""

    async def get(self, path: Path) -> Document | None:
        await asyncio.sleep(60)
        return await super().get(path)

    async def get_many(self, paths: object) -> list[Document | None]:
        del paths
        await asyncio.sleep(60)
        return []


async def test_a_store_that_never_answers_ends_in_504() -> None:
    async with serving(StuckDocuments(), handler_timeout_s=1) as server:
        answer = await server.ask("GET", "/v2/roles", user=ADA, headers={"Origin": PAGE})
        assert (answer.status_code, answer.json()) == (504, {"detail": "This took too long and was given up."})
        assert answer.headers["access-control-allow-origin"] == PAGE


@pytest.mark.parametrize("prefix", ["", "/api"])
async def test_metrics_stand_beside_the_prefix_and_are_nothing_for_strangers(prefix: str) -> None:
    async with serving(url_prefix=prefix) as server:
        await server.ask("GET", f"{prefix}/v3/annotations/secret-dataset", user=ADA)
        page = await server.ask("GET", "/metrics")
        assert 'http_route="/v2/annotations/{dataset}"' in page.text
        assert "secret-dataset" not in page.text
        for path, headers in ((f"{prefix}/metrics", {"Via": "1.1 google"}), ("/metrics", {"X-Forwarded-For": "::1"})):
            assert (await server.ask("GET", path, headers=headers)).status_code == 404
        if prefix:
            assert (await server.ask("GET", f"{prefix}/metrics")).status_code == 404


@pytest.fixture
def ending() -> Iterator[None]:
    draining.is_asked = True
    yield
    draining.is_asked = False


@pytest.mark.usefixtures("ending")
async def test_it_is_not_ready_once_it_is_to_end() -> None:
    async with serving() as server:
        assert (await server.ask("GET", "/readyz")).status_code == 503
        assert (await server.ask("GET", "/healthz")).status_code == 200
        assert (await server.ask("GET", "/v2/roles", user=ADA)).status_code == 200


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    configure_logging("INFO", stream := io.StringIO())
    yield stream
    root.handlers, root.level = handlers, level


async def test_replicas_write_one_hash_for_one_user_and_no_name(log: io.StringIO) -> None:
    for keys in ((KEY,), (KEY,), ("another key of thirty-two bytes.", KEY)):
        async with serving(signing_keys=keys) as server:
            assert (await server.ask("GET", f"/v2/kv/of-{ADA}?user={ADA}", user=ADA)).status_code == 200
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    first, second, third = (line["user"] for line in lines)
    assert first == second != third
    assert {(line["route"], line["status"]) for line in lines} == {("/v2/kv/{scope}", 200)}
    assert ADA not in log.getvalue()
