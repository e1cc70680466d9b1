"""Volumes and what they hold: who reads it, parts of it, and that no path leads out of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from starlette.types import Message

from karst_platform.stores.documents import Documents
from services_src.clio.tests.support import Server, serving

pytestmark = pytest.mark.anyio
OWNER, ADA, READER = "owner@example.org", "ada@example.org", "reader@example.org"
PATH = "/v2/volumes"
CONTENT = bytes(range(256)) * 4


@pytest.fixture
async def server(documents: Documents, tmp_path: Path) -> AsyncIterator[Server]:
    folder = tmp_path / "images" / "gray"
    (folder / "8x8x8").mkdir(parents=True)
    (folder / "info").write_bytes(b'{"type":"image"}')
    (folder / "8x8x8" / "0-64_0-64_0-64").write_bytes(CONTENT)
    (folder / "page.html").write_bytes(b"<script>alert(1)</script>")
    (folder / "empty").write_bytes(b"")
    (tmp_path / "images" / "secret").write_bytes(b"secret")
    async with serving(documents, owner=OWNER, buckets_folder=tmp_path) as made:
        volume = {"bucket": "images", "path": "gray"}
        await made.store(
            (("clio_datasets", "open"), {"description": "d", "public": True}),
            (("clio_datasets", "closed"), {"description": "d"}),
            (("clio_users", READER), {"datasets": {"closed": ["clio_read"]}}),
            *((("clio_volumes", name), volume) for name in ("open", "closed", "unnamed")),
            (("clio_volumes", "shown"), volume | {"public": True}),
            (("clio_volumes", "whole"), {"bucket": "images", "path": "", "public": True}),
        )
        yield made


async def change(server: Server, method: str, body: object, status: int = 200) -> None:
    answer = await server.ask(method, PATH, user=OWNER, json=body)
    assert answer.status_code == status, answer.text
    if status == 200:
        assert answer.content == b"null"


async def listing(server: Server, user: str = OWNER) -> dict[str, object]:
    answer = await server.ask("GET", PATH + "/", user=user)
    assert answer.status_code == 200
    return answer.json()


async def test_volumes_are_added_replaced_and_removed(server: Server) -> None:
    await change(server, "DELETE", ["open", "closed", "unnamed", "shown", "whole", "unknown", "a/b", ""])
    assert await listing(server) == {}
    new = {"bucket": "b-1.x_y", "path": "a/b", "description": "d", "ours": [[1]]}
    await change(server, "POST", {"v": new, "w": {"bucket": "c", "path": "/x/"}})
    assert await listing(server) == {"v": new, "w": {"bucket": "c", "path": "x"}}
    await change(server, "PUT", {"v": {"bucket": "d", "path": ""}})
    assert (await server.ask("GET", f"{PATH}/v", user=OWNER)).json() == {"bucket": "d", "path": ""}


async def test_bad_volumes_change_nothing(server: Server) -> None:
    before = await listing(server)
    for bad in (
        {"bucket": "b"},
        {"path": "p"},
        {"bucket": "gs://b", "path": "p"},
        {"bucket": "", "path": "p"},
        {"bucket": "..", "path": "p"},
        {"bucket": "b", "path": "../p"},
        {"bucket": "b", "path": "a//b"},
        {"bucket": "b", "path": 5},
        {"bucket": "b", "path": "p", "public": "perhaps"},
        None,
    ):
        await change(server, "POST", {"open": {"bucket": "b", "path": "p"}, "v": bad}, 422)
    await change(server, "POST", {"a/b": {"bucket": "b", "path": "p"}}, 422)
    assert await listing(server) == before


async def test_who_knows_of_which_volumes(server: Server) -> None:
    assert list(await listing(server)) == ["closed", "open", "shown", "unnamed", "whole"]
    assert list(await listing(server, ADA)) == ["open"]
    assert list(await listing(server, READER)) == ["closed", "open"]
    for user, volume, status, is_null in (
        (ADA, "open", 200, False),
        (ADA, "closed", 200, True),
        (READER, "closed", 200, False),
        (ADA, "unknown", 200, True),
        (OWNER, "unknown", 400, False),
        (OWNER, "unnamed", 200, False),
    ):
        answer = await server.ask("GET", f"{PATH}/{volume}", user=user)
        assert (answer.status_code, answer.content == b"null") == (status, is_null), volume


async def test_objects_are_passed_on(server: Server) -> None:
    answer = await server.ask("GET", f"{PATH}/proxy/open/8x8x8/0-64_0-64_0-64", headers={"Origin": "https://x.org"})
    assert (answer.status_code, answer.content) == (200, CONTENT)
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers
    assert answer.headers["accept-ranges"] == "bytes"
    etag = answer.headers["etag"]
    assert etag.startswith('"')
    again = await server.ask("GET", f"{PATH}/proxy/open/8x8x8/0-64_0-64_0-64", headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")
    assert (await server.ask("GET", f"{PATH}/proxy/open/empty")).content == b""
    missing = await server.ask("GET", f"{PATH}/proxy/open/nothing")
    assert (missing.status_code, missing.headers["access-control-allow-origin"]) == (404, "*")
    assert set(missing.json()) == {"detail"}


async def test_large_objects_pass_piece_by_piece(server: Server, tmp_path: Path) -> None:
    size = 24 << 20
    (tmp_path / "images" / "gray" / "large").write_bytes(bytes(size))
    pieces: list[int] = []

    async def receive() -> Message:
        await asyncio.sleep(60)  # nobody hangs up
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        pieces.append(len(message.get("body", b"")))

    path = f"{PATH}/proxy/open/large"
    scope = {"type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b""}
    for headers in ([], [(b"range", b"bytes=0-")]):
        pieces.clear()
        await server.app({**scope, "headers": headers, "scheme": "https", "http_version": "1.1"}, receive, send)
        assert sum(pieces) == size
        assert max(pieces) <= size // 2


async def test_pages_in_buckets_do_not_run_as_ours(server: Server) -> None:
    answer = await server.ask("GET", f"{PATH}/proxy/open/page.html")
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_parts_of_objects(server: Server) -> None:
    path = f"{PATH}/proxy/open/8x8x8/0-64_0-64_0-64"
    etag = (await server.ask("GET", path)).headers["etag"]
    size = len(CONTENT)
    for asked, first, last in (
        ("bytes=0-9", 0, 9),
        ("bytes=1000-", 1000, 1023),
        ("bytes=1000-99999", 1000, 1023),
        ("bytes=-4", 1020, 1023),
        ("bytes=-99999", 0, 1023),
    ):
        for condition in ({}, {"If-Range": etag}):
            answer = await server.ask("GET", path, headers={"Range": asked} | condition)
            assert (answer.status_code, answer.content) == (206, CONTENT[first : last + 1]), asked
            assert answer.headers["content-range"] == f"bytes {first}-{last}/{size}"
            assert answer.headers["content-length"] == str(last - first + 1)
    for beyond in ("bytes=1024-", "bytes=9999999999999999999-", "bytes=-0", "bytes=5-4"):
        answer = await server.ask("GET", path, headers={"Range": beyond})
        assert (answer.status_code, answer.headers["content-range"]) == (416, f"bytes */{size}"), beyond
    for strange in ("bytes=0-1,5-6", "lines=0-1", "bytes=-", "bytes=x-y", "bytes=" + "1" * 30 + "-"):
        answer = await server.ask("GET", path, headers={"Range": strange})
        assert (answer.status_code, answer.content) == (200, CONTENT), strange
    changed = await server.ask("GET", path, headers={"Range": "bytes=0-9", "If-Range": '"other"'})
    assert (changed.status_code, changed.content) == (200, CONTENT)


async def test_who_reads_objects(server: Server) -> None:
    for volume, user, status in (
        ("open", None, 200),
        ("shown", None, 200),
        ("closed", None, 401),
        ("unnamed", None, 401),
        ("closed", ADA, 401),
        ("closed", READER, 200),
        ("unnamed", READER, 401),
        ("closed", OWNER, 401),
        ("unknown", None, 400),
    ):
        answer = await server.ask("GET", f"{PATH}/proxy/{volume}/info", user=user)
        assert answer.status_code == status, (volume, user)
    await server.store((("clio_volumes", "closed"), {"bucket": "images", "path": "gray", "public": True}))
    assert (await server.ask("GET", f"{PATH}/proxy/closed/info")).status_code == 401


async def test_no_path_leads_out(server: Server) -> None:
    assert (await server.ask("GET", f"{PATH}/proxy/whole/secret")).content == b"secret"
    for path in (
        "..%2Fsecret",
        "%2E%2E/secret",
        "8x8x8/%2E%2E/%2E%2E/secret",
        "%2Fsecret",
        "a%00b",
        "..%5Csecret",
        "%2E",
    ):
        answer = await server.ask("GET", f"{PATH}/proxy/open/{path}")
        assert answer.status_code in (400, 404), path
        assert answer.content != b"secret"
    await server.store((("clio_volumes", "shown"), {"bucket": "../images", "path": "gray", "public": True}))
    assert (await server.ask("GET", f"{PATH}/proxy/shown/info")).status_code == 400
