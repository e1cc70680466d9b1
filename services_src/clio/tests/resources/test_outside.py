"""What other servers do for the store: neuPrint's answers, and the transfer of images."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx
import pytest

from karst_clio.resources import transfer
from karst_platform.stores.documents import Documents, Fields
from services_src.clio.tests.support import Server, serving

pytestmark = pytest.mark.anyio
ADA, STRANGER = "ada@example.org", "stranger@example.org"
WORKER = "https://worker.example.org/run"
NEUPRINT: Fields = {"dataset": "hemibrain", "server": "neuprint.example.org"}
DATASET: Fields = {
    "description": "d",
    "tag": "v1.2",
    "location": "gs://images",
    "transfer": ["m:1"],
    "neuprintHTTP": NEUPRINT,
}
CUTOUT = {"dataset": "ds1", "model_name": "m:1", "center": [1000, 2000, 100]}
CYPHER = "MATCH (n) RETURN n"


@pytest.fixture
async def server(documents: Documents, tmp_path: Path) -> AsyncIterator[Server]:
    settings = {"transfer_function": WORKER, "transfer_bucket": "dest/some/path", "buckets_folder": tmp_path}
    async with serving(documents, neuprint_token="shared", **settings) as made:
        await made.store(
            (("clio_users", ADA), {"datasets": {"ds1": ["clio_general"], "bare": ["clio_general"]}}),
            (("clio_datasets", "ds1"), DATASET),
            (("clio_datasets", "bare"), {"description": "d"}),
        )
        yield made


def answering(status: int, content: object) -> Callable[[httpx.Request], httpx.Response]:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return lambda _: httpx.Response(status, content=body)


async def neuprint(
    server: Server, dataset: str = "ds1", named: object = "hemibrain", user: str = ADA
) -> httpx.Response:
    body = {"cypher": CYPHER, "dataset": named}
    return await server.ask("POST", f"/v2/neuprint/{dataset}", user=user, json=body)


async def test_neuprint_is_asked_and_its_answer_passed_on(server: Server) -> None:
    rows = {"columns": ["n"], "data": [[2**53 + 1, "脑"]]}
    server.calls.answer = answering(200, rows)
    answer = await neuprint(server)
    assert (answer.status_code, answer.json(), answer.headers["content-type"]) == (200, rows, "application/json")
    (asked,) = server.calls.requests
    assert (asked.method, str(asked.url)) == ("POST", "https://neuprint.example.org/api/custom/custom")
    assert json.loads(asked.content) == {"cypher": CYPHER, "dataset": "hemibrain"}
    assert asked.headers["authorization"] == "Bearer shared"
    answer = await server.ask(
        "POST", "/clio_toplevel/neuprint/ds1/", user=ADA, json={"cypher": CYPHER, "dataset": "ds1:v1.2"}
    )
    assert answer.status_code == 200


async def test_neuprint_is_asked_about_this_dataset_only(server: Server) -> None:
    server.calls.answer = answering(200, {"data": []})
    for named in ("hemibrain", "ds1", "hemibrain:v1.2", "ds1:v1.2"):
        assert (await neuprint(server, named=named)).status_code == 200, named
    asked = len(server.calls.requests)
    for named in ("other", "hemibrain:v1.1", "", "hemibrain:", "bare"):
        assert (await neuprint(server, named=named)).status_code == 400, named
    for body in ({"cypher": CYPHER}, {"dataset": "ds1"}, {}, [], None, {"cypher": 5, "dataset": "ds1"}):
        answer = await server.ask("POST", "/v2/neuprint/ds1", user=ADA, json=body)
        assert answer.status_code == 422, body
    assert len(server.calls.requests) == asked


async def test_placeholders_are_filled_before_others_are_asked(server: Server) -> None:
    dataset = {**DATASET, "location": "gs://images/{tag}", "transfer": ["m:{tag}"]}
    await server.store((("clio_datasets", "ds1"), dataset | {"neuprintHTTP": {**NEUPRINT, "dataset": "brain:{tag}"}}))
    server.calls.answer = answering(200, {"data": []})
    assert (await neuprint(server, named="brain:v1.2")).status_code == 200
    assert (await neuprint(server, named="brain:{tag}")).status_code == 400
    worker = server.calls.answer = Worker()
    answer = await server.ask("POST", "/v2/transfer", user=ADA, json=CUTOUT | {"model_name": "m:v1.2"})
    assert answer.status_code == 200, answer.text
    assert {block["location"] for block in worker.blocks} == {"gs://images/v1.2"}


async def test_neuprint_of_datasets_without_it(server: Server) -> None:
    assert (await neuprint(server, "bare", "bare")).status_code == 400
    assert (await neuprint(server, user=STRANGER)).status_code == 403
    await server.add_user(ADA, global_roles=["clio_general"])
    assert (await neuprint(server, "unknown", "unknown")).status_code == 404
    for host in ("", "a/b", "user@host", "host:port", "host:65536", "a b", "[::1]", "x" * 5 + "?", 5, None):
        await server.store((("clio_datasets", "bare"), {"neuprintHTTP": {"server": host, "dataset": "bare"}}))
        assert (await neuprint(server, "bare", "bare")).status_code == 400, host
    assert server.calls.requests == []


async def test_faults_of_neuprint(server: Server) -> None:
    for status, content, answered, text in (
        (400, {"error": "Invalid input 'X'"}, 400, "Invalid input"),
        (401, {"message": "invalid jwt"}, 502, "invalid jwt"),
        (403, b"", 502, "403"),
        (429, b"slow down", 502, "slow down"),
        (500, b"<html>" + b"x" * 5000, 502, "<html>"),
        (302, b"", 502, "302"),
        (200, b"<html>", 502, "<html>"),
        (400, [1], 400, "[1]"),
        (200, b"[" * 100_000, 502, "[[["),
        (200, b'{"data": NaN}', 502, "NaN"),
    ):
        server.calls.answer = answering(status, content)
        answer = await neuprint(server)
        assert answer.status_code == answered, status
        assert text in answer.json()["detail"]
        assert len(answer.json()["detail"]) < 1100
    server.calls.answer = None
    assert (await neuprint(server)).status_code == 502


async def test_the_gateways_token_is_used_where_there_is_one(documents: Documents) -> None:
    def outside(request: httpx.Request) -> httpx.Response:
        if request.url.host == "auth.example.org":
            return httpx.Response(200, json={"email": ADA, "permissions_v2": {"ds1": ["view"]}})
        return httpx.Response(200, json={"data": [], "credential": request.headers["authorization"]})

    async with serving(documents, gateway_url="https://auth.example.org", neuprint_token="shared") as server:
        await server.store((("clio_datasets", "ds1"), DATASET))
        server.calls.answer = outside
        answer = await server.ask(
            "POST",
            "/v2/neuprint/ds1",
            headers={"Authorization": "Bearer of-gateway"},
            json={"cypher": CYPHER, "dataset": "ds1"},
        )
        assert answer.json()["credential"] == "Bearer of-gateway"


class Worker:
    """Takes blocks; fails as often as it is told, from then on it works."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.blocks: list[dict[str, Any]] = []
        self.tokens: set[str] = set()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.host == "metadata":
            assert request.headers["metadata-flavor"] == "Google"
            return httpx.Response(200, text=f"identity for {request.url.params['audience']}")
        assert str(request.url) == WORKER
        if self.failures:
            self.failures -= 1
            return httpx.Response(500)
        self.blocks.append(json.loads(request.content))
        self.tokens.add(request.headers["authorization"])
        return httpx.Response(200)


async def test_a_transfer(server: Server, tmp_path: Path) -> None:
    worker = server.calls.answer = Worker()
    answer = await server.ask("POST", "/v2/transfer", user=ADA, content=json.dumps(CUTOUT).encode())
    assert answer.status_code == 200, answer.text
    base, _, state = answer.json()["addr"].partition("#!")
    assert (base, set(answer.json())) == ("https://neuroglancer-demo.appspot.com/", {"addr"})
    shown = json.loads(unquote(state))
    url = shown["layers"][0]["source"]["url"]
    place = re.fullmatch(r"precomputed://gs://dest/(some/path/[a-z]{20})", url)
    assert place is not None
    assert shown == {
        "layers": [{"type": "image", "source": {"url": url}, "tab": "source", "name": "jpeg"}],
        "selectedLayer": {"layer": "jpeg", "visible": True},
    }
    info = json.loads((tmp_path / "dest" / place[1] / "info").read_bytes())
    assert info == transfer.INFO
    assert info["scales"][0]["key"] == "8.0x8.0x8.0"
    dest = f"dest/{place[1]}/8.0x8.0x8.0"
    corner = [872, 1872, -28]
    assert sorted(worker.blocks, key=lambda block: block["start"]) == [
        {
            "location": "gs://images",
            "glbstart": corner,
            "start": [872 + x, 1872 + y, -28 + z],
            "size": [128, 128, 128],
            "model_name": "m:1",
            "dest": dest,
        }
        for x in (0, 128)
        for y in (0, 128)
        for z in (0, 128)
    ]
    assert worker.tokens == {f"Bearer identity for {WORKER}"}


async def test_a_worker_that_fails_is_asked_again(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "PAUSE_S", 0)
    worker = server.calls.answer = Worker(failures=9)
    assert (await server.ask("POST", "/v2/transfer/", user=ADA, json=CUTOUT)).status_code == 200
    assert len(worker.blocks) == 8


async def test_a_transfer_that_fails_leaves_nothing(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "PAUSE_S", 0)
    for worker in (Worker(failures=1000), None):
        server.calls.answer = worker
        answer = await server.ask("POST", "/v2/transfer", user=ADA, json=CUTOUT)
        assert answer.status_code == 502
        assert "example.org" not in answer.json()["detail"]
        assert [each for each in tmp_path.rglob("*") if each.is_file()] == []


async def test_a_transfer_that_is_given_up_leaves_nothing(server: Server, tmp_path: Path) -> None:
    server.calls.answer = Worker(failures=1000)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await server.ask("POST", "/v2/transfer", user=ADA, json=CUTOUT)
    assert len(server.calls.requests) >= 8
    assert [each for each in tmp_path.rglob("*") if each.is_file()] == []


async def test_the_viewer_is_the_one_that_is_named(documents: Documents, tmp_path: Path) -> None:
    named = {
        "transfer_function": WORKER,
        "transfer_bucket": "dest",
        "neuroglancer_url": "https://viewer.example.org/x/",
    }
    async with serving(documents, buckets_folder=tmp_path, **named) as server:
        await server.store((("clio_datasets", "ds1"), {**DATASET, "public": True}))
        server.calls.answer = Worker()
        addr = (await server.ask("POST", "/transfer", user=STRANGER, json=CUTOUT)).json()["addr"]
        assert addr.startswith("https://viewer.example.org/x/#!%7B%22layers%22")


async def test_what_cannot_be_transferred(server: Server) -> None:
    for change, status in (
        ({"dataset": "unknown"}, 403),
        ({"dataset": "bare"}, 400),
        ({"model_name": "m:2"}, 400),
        ({"center": [1, 2]}, 422),
        ({"center": [1, 2, "x"]}, 422),
        ({"center": [1, 2, 2**63 - 1]}, 422),
        ({"center": None}, 422),
        ({"model_name": 5}, 422),
    ):
        answer = await server.ask("POST", "/v2/transfer", user=ADA, json=CUTOUT | change)
        assert answer.status_code == status, change
    assert (await server.ask("POST", "/v2/transfer", user=STRANGER, json=CUTOUT)).status_code == 403
    await server.add_user(ADA, global_roles=["clio_general"])
    unknown = await server.ask("POST", "/v2/transfer", user=ADA, json=CUTOUT | {"dataset": "unknown"})
    assert unknown.status_code == 400
    assert server.calls.requests == []


async def test_servers_without_transfer_and_sub_volumes(documents: Documents) -> None:
    for settings in ({}, {"transfer_function": WORKER}, {"transfer_bucket": "dest"}):
        async with serving(documents, **settings) as server:
            await server.store((("clio_datasets", "ds1"), {**DATASET, "public": True}))
            assert (await server.ask("POST", "/v2/transfer", user=ADA, json=CUTOUT)).status_code == 503
            for path, body in (("submit", {}), ("edit", {"focus": [1, 2, 3]})):
                assert (await server.ask("POST", f"/v2/subvol/ds1/{path}", user=ADA, json=body)).status_code == 503
