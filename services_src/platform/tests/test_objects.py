"""Stores of objects: a folder, and Cloud Storage's interface as a stand-in of ours speaks it (no real bucket here)."""

from __future__ import annotations

import asyncio
import hashlib
import json
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar, cast
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

import pytest

from karst_platform.stores.documents import StoreUnavailableError
from karst_platform.stores.objects import BadKeyError, MissingObjectError, Objects
from karst_platform.stores.objects_obstore import bucket_objects, folder_objects

MODIFIED = "Sat, 21 Nov 2026 17:00:00 GMT"


class Bucket(BaseHTTPRequestHandler):
    """One bucket in memory: put, get with range, head, delete, list, and puts in parts."""

    protocol_version = "HTTP/1.1"
    objects: ClassVar[dict[str, tuple[bytes, str]]] = {}
    parts: ClassVar[dict[str, bytes]] = {}

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def handle_request(self) -> None:
        address = urlsplit(self.path)
        query = parse_qs(address.query, keep_blank_values=True)
        key = unquote(address.path.removeprefix("/bucket").removeprefix("/"))
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        kind = self.headers.get("Content-Type") or ""
        match self.command:
            case "GET" if "list-type" in query:
                self.answer(200, self.listed(query["prefix"][0] if "prefix" in query else ""))
            case "GET" | "HEAD":
                self.answer_object(key)
            case "POST" if "uploads" in query:
                self.objects[f"upload of {key}"] = (b"", kind)
                self.answer(200, b"<R><Bucket>bucket</Bucket><Key>k</Key><UploadId>one</UploadId></R>")
            case "PUT" if "partNumber" in query:
                self.parts[query["partNumber"][0].zfill(5)] = body
                self.answer(200, b"", body)
            case "POST":
                content = b"".join(self.parts[number] for number in sorted(self.parts))
                self.parts.clear()
                self.objects[key] = (content, self.objects.pop(f"upload of {key}")[1])
                self.answer(200, b"<R><Bucket>bucket</Bucket><Key>k</Key><ETag>e</ETag></R>")
            case "PUT":
                self.objects[key] = (body, kind)
                self.answer(200, b"", body)
            case "DELETE" if "uploadId" in query:
                self.parts.clear()
                self.answer(204 if self.objects.pop(f"upload of {key}", None) else 404, b"")
            case _:
                self.answer(204 if self.objects.pop(key, None) else 404, b"")

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = handle_request  # noqa: N815

    def answer_object(self, key: str) -> None:
        if key not in self.objects:
            self.answer(404, b"")
            return
        content, kind = self.objects[key]
        wanted = self.headers.get("Range")
        if wanted is None:
            self.answer(200, content, content, kind)
            return
        first, last = (int(part) for part in wanted.removeprefix("bytes=").split("-"))
        span = f"bytes {first}-{min(last, len(content) - 1)}/{len(content)}"
        self.answer(206, content[first : last + 1], content, kind, span)

    def answer(self, status: int, body: bytes, whole: bytes = b"", kind: str = "text/xml", span: str = "") -> None:
        self.send_response(status)
        self.send_header("ETag", f'"{hashlib.sha256(whole).hexdigest()[:16]}"')
        self.send_header("Last-Modified", MODIFIED)
        self.send_header("Content-Type", kind)
        if span:
            self.send_header("Content-Range", span)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def listed(self, prefix: str) -> bytes:
        rows = [
            f"<Contents><Key>{escape(key)}</Key><Size>{len(content)}</Size><ETag>e</ETag>"
            "<LastModified>2026-11-21T17:00:00.000Z</LastModified></Contents>"
            for key, (content, _) in self.objects.items()
            if key.startswith(prefix)
        ]
        return f"<ListBucketResult>{''.join(rows)}</ListBucketResult>".encode()


@pytest.fixture
def bucket_address() -> Iterator[str]:
    Bucket.objects.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Bucket)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def at(address: str) -> Objects:
    account = {"gcs_base_url": address, "disable_oauth": True}
    account |= dict.fromkeys(["client_email", "private_key", "private_key_id"], "")
    return bucket_objects("bucket", config={"service_account_key": json.dumps(account), "skip_signature": "true"})


@pytest.fixture(params=["folder", "bucket"])
def objects(request: pytest.FixtureRequest, tmp_path: Path) -> Objects:
    if request.param == "folder":
        return folder_objects(tmp_path / "objects")
    return at(cast("str", request.getfixturevalue("bucket_address")))


async def keys(objects: Objects, prefix: str = "") -> list[str]:
    return sorted([found.key async for found in objects.list(prefix)])


async def test_an_object_is_what_was_put(objects: Objects):
    assert await objects.info("a/b.json") is None
    assert not await objects.exists("a/b.json")
    await objects.put("a/b.json", b"old", content_type="application/json")
    old = await objects.info("a/b.json")
    await objects.put("a/b.json", b"0123456789", content_type="application/json")
    new = await objects.info("a/b.json")
    assert old is not None
    assert new is not None
    assert (new.key, new.size_bytes, new.content_type) == ("a/b.json", 10, "application/json")
    assert new.etag
    assert new.etag != old.etag
    assert await objects.exists("a/b.json")
    assert await objects.get("a/b.json") == b"0123456789"
    assert b"".join([piece async for piece in objects.stream("a/b.json")]) == b"0123456789"


@pytest.mark.parametrize(
    ("start", "length", "part"),
    [(0, 3, b"012"), (7, None, b"789"), (8, 100, b"89"), (10, 1, b""), (99, None, b""), (2, 0, b"")],
)
async def test_a_part_is_cut_as_a_slice_would_be(objects: Objects, start: int, length: int | None, part: bytes):
    await objects.put("a", b"0123456789", content_type="text/plain")
    assert await objects.get("a", start=start, length=length) == part


async def test_large_content_streams_in_and_out(objects: Objects):
    async def pieces() -> AsyncIterator[bytes]:
        for number in range(12):
            yield bytes([number]) * (1 << 20)

    await objects.put("large.bin", pieces(), content_type="application/x-large")
    got = [piece async for piece in objects.stream("large.bin")]
    assert len(got) > 1
    assert b"".join(got) == b"".join([piece async for piece in pieces()])


async def test_content_that_fails_leaves_the_old(objects: Objects):
    async def pieces() -> AsyncIterator[bytes]:
        yield b"1" * (6 << 20)
        raise TimeoutError("the sender is gone")

    await objects.put("a", b"old", content_type="text/plain")
    with pytest.raises((TimeoutError, StoreUnavailableError)):
        await objects.put("a", pieces(), content_type="text/plain")
    assert await objects.get("a") == b"old"


async def test_a_write_that_nobody_waits_for_leaves_the_old(objects: Objects):
    begun = asyncio.Event()
    asked = 0

    async def pieces() -> AsyncIterator[bytes]:
        nonlocal asked
        while True:
            yield b"1" * (1 << 20)
            asked += 1
            begun.set()
            await asyncio.sleep(0.01)

    await objects.put("a", b"old", content_type="text/plain")
    writing = asyncio.create_task(objects.put("a", pieces(), content_type="text/plain"))
    await begun.wait()
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    asked_then = asked
    await asyncio.sleep(0.5)
    assert asked <= asked_then + 1
    assert await objects.get("a") == b"old"
    assert await keys(objects) == ["a"]


async def test_more_copies_at_once_than_threads_end(objects: Objects):
    await objects.put("from", b"0123456789", content_type="text/plain")
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        for number in range(100):
            group.create_task(objects.put(f"to/{number}", objects.stream("from"), content_type="text/plain"))
    assert len(await keys(objects, "to")) == 100


def test_a_program_that_ends_after_an_answer_ends_well(tmp_path: Path):
    # With the library's own coroutines one of some twelve such programs was aborted: its threads outlived Python.
    program = (
        "import asyncio, sys, threading\n"
        "from pathlib import Path\n"
        "from karst_platform.stores.objects_obstore import folder_objects\n"
        "for number in range(20): assert asyncio.run(folder_objects(Path(sys.argv[1])).info('none')) is None\n"
        "print({thread.name.rpartition('_')[0] for thread in threading.enumerate()} - {''})"
    )
    finished = subprocess.run([sys.executable, "-c", program, tmp_path], capture_output=True, text=True, check=False)
    assert (finished.returncode, finished.stdout) == (0, "{'karst-store'}\n"), finished.stderr


async def test_what_is_not_there_is_missing(objects: Objects):
    with pytest.raises(MissingObjectError):
        await objects.get("none")
    with pytest.raises(MissingObjectError):
        await objects.get("none", start=1)
    with pytest.raises(MissingObjectError):
        await anext(objects.stream("none"))
    await objects.delete("none")
    assert await objects.delete_prefix("none") == 0
    assert await keys(objects, "none") == []


async def test_lists_and_deletions_keep_to_a_folder(objects: Objects):
    strange = "a/b/ü %25 #?&+.txt"
    for key in ("a/b/c", "a/b/d/e", "a/bc", "f", strange):
        await objects.put(key, b"1", content_type="text/plain")
    assert await keys(objects) == sorted(["a/b/c", "a/b/d/e", "a/bc", "f", strange])
    assert await keys(objects, "a/b") == await keys(objects, "a/b/") == sorted(["a/b/c", "a/b/d/e", strange])
    assert await objects.get(strange) == b"1"
    await objects.delete("f")
    assert await objects.delete_prefix("a/b") == 3
    assert await keys(objects) == ["a/bc"]
    with pytest.raises(ValueError, match="name the folder"):
        await objects.delete_prefix("")


@pytest.mark.parametrize(
    "key",
    [
        "",
        "/etc/passwd",
        "../x",
        "a/../../x",
        "a/..",
        ".",
        "a//b",
        "a/",
        "a\\..\\b",
        "a\x00b",
        "a\nb",
        "\ud800",
        "x" * 1025,
    ],
    ids=ascii,
)
async def test_keys_that_lead_elsewhere_are_refused(objects: Objects, key: str):
    for attempt in (
        objects.get(key),
        objects.info(key),
        objects.put(key, b"", content_type="text/plain"),
        objects.delete(key),
        anext(objects.stream(key)),
    ):
        with pytest.raises(BadKeyError, match="can't name an object"):
            await attempt


async def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path):
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "one").write_text("secret")
    objects = folder_objects(tmp_path / "objects")
    (tmp_path / "objects" / "link").symlink_to(tmp_path / "secret")
    (tmp_path / "objects" / "folder").symlink_to(tmp_path / "secrets")
    for key in ("link", "folder/one"):
        with pytest.raises(MissingObjectError):
            await objects.get(key)
        with pytest.raises(MissingObjectError):
            await anext(objects.stream(key))
        assert await objects.info(key) is None
    assert await keys(objects) == []


async def test_a_bucket_that_does_not_answer_is_not_available():
    with pytest.raises(StoreUnavailableError):
        await at("http://127.0.0.1:9").get("a")
