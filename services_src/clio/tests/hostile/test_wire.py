"""What only a server with a socket meets: bytes that are no HTTP, bodies without end, clients that dawdle."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from karst_platform.stores.documents import Documents, Write
from karst_platform.stores.documents_postgres import PostgresDocuments
from karst_platform.stores.embedded_postgres import EmbeddedPostgres
from karst_platform.stores.postgres import Postgres
from services_src.clio.tests.processes import Running, bearer, running

pytestmark = pytest.mark.anyio
ADA = "ada@example.org"
MIB = 1 << 20
LARGEST_BYTES = 40 * MIB
SECRET = b"a secret outside of every volume"


@pytest.fixture(scope="module")
def started(embedded_postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("buckets")
    (folder / "images" / "gray").mkdir(parents=True)
    (folder / "images" / "gray" / "info").write_bytes(b"{}")
    for outside in (folder / "images" / "secret", folder / "secret"):
        outside.write_bytes(SECRET)
    dsn = embedded_postgres.start()
    # Whatever ran before in this process; migrating twice does nothing.
    subprocess.run(
        [sys.executable, "-m", "karst_clio", "migrate"], env={**os.environ, "KARST_POSTGRES_DSN": dsn}, check=True
    )
    with running({"KARST_POSTGRES_DSN": dsn, "KARST_BUCKETS": str(folder)}) as server:
        yield server


@pytest.fixture
async def server(started: Running, postgres_dsn: str) -> Running:
    documents: Documents = PostgresDocuments(Postgres(postgres_dsn))
    await documents.write(
        Write(path=("clio_users", ADA), fields={"global_roles": ["admin", "clio_general"]}),
        Write(path=("clio_datasets", "open"), fields={"description": "d", "public": True}),
        Write(path=("clio_volumes", "open"), fields={"bucket": "images", "path": "gray", "public": True}),
    )
    await documents.close()
    return started


def request(path: str, *lines: str, method: str = "GET", body: bytes = b"") -> bytes:
    head = [f"{method} {path} HTTP/1.1", "Host: clio.example.org", f"Authorization: {bearer(ADA)['Authorization']}"]
    return "\r\n".join([*head, *lines, "", ""]).encode("latin-1") + body


async def exchange(server: Running, *pieces: bytes) -> bytes:
    """All that the server says to these bytes until it closes, or for two seconds."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    said = b""

    async def send() -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()

    sending = asyncio.create_task(send())
    try:
        async with asyncio.timeout(2):
            while part := await reader.read(65536):
                said += part
    except (TimeoutError, ConnectionError):
        pass  # it was said what it was
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    writer.close()
    return said


def statuses(said: bytes) -> list[int]:
    return [int(line.split()[1]) for line in said.split(b"\r\n") if line.startswith(b"HTTP/1.1 ")]


async def is_well(server: Running) -> bool:
    async with server.client(ADA) as client:
        return (await client.get("/v2/roles")).json()["email"] == ADA


SECOND = "GET /v2/users HTTP/1.1\r\nHost: clio.example.org\r\n\r\n"


@pytest.mark.parametrize(
    ("lines", "body"),
    [
        (("Content-Length: 4", "Transfer-Encoding: chunked"), "2\r\n{}\r\n0\r\n\r\n" + SECOND),
        (("Transfer-Encoding: chunked", "Content-Length: 4"), "2\r\n{}\r\n0\r\n\r\n" + SECOND),
        (("Content-Length: 2", "Content-Length: 80"), "{}" + SECOND),
        (("Content-Length: 2, 2",), "{}" + SECOND),
        (("Content-Length: +2",), "{}" + SECOND),
        (("Transfer-Encoding: xchunked",), "2\r\n{}\r\n0\r\n\r\n" + SECOND),
        (("Transfer-Encoding : chunked",), "2\r\n{}\r\n0\r\n\r\n" + SECOND),
        (("Transfer-Encoding: chunked, identity",), "2\r\n{}\r\n0\r\n\r\n" + SECOND),
        (("Transfer-Encoding: chunked",), "zz\r\n{}\r\n0\r\n\r\n" + SECOND),
        (("Transfer-Encoding: chunked",), "ffffffffffffffffff\r\n{}\r\n0\r\n\r\n" + SECOND),
        (("X-Odd: a\x00b",), SECOND),
        (("X-Odd: a\rTransfer-Encoding: chunked",), SECOND),
    ],
)
async def test_no_request_hides_in_another(server: Running, lines: tuple[str, ...], body: str) -> None:
    said = await exchange(server, request("/v2/users", *lines, method="POST", body=body.encode("latin-1")))
    assert len(statuses(said)) == 1, said
    assert statuses(said)[0] in (200, 400)
    assert await is_well(server)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n", 400),
        (request("v2/roles"), 400),
        (request("/v2/" + "x" * 70_000), 414),
        (b"GET /v2/roles HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " + b"x" * 100_000 + b"\r\n\r\n", 401),
        (b"GET /v2/roles HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " + b"x" * MIB + b"\r\n\r\n", 431),
    ],
)
async def test_what_is_no_request_is_refused(server: Running, sent: bytes, status: int) -> None:
    assert statuses(await exchange(server, sent)) == [status]
    assert await is_well(server)


@pytest.mark.parametrize(
    "path",
    [
        "../secret",
        "../../secret",
        "%2e%2e/secret",
        "%2e%2e%2fsecret",
        "%252e%252e/secret",
        "%252e%252e%252fsecret",
        "..%5csecret",
        "..\\secret",
        "%5c..%5csecret",
        "/secret",
        "//secret",
        "%2fsecret",
        "./../secret",
        "x/../../secret",
        "..;/secret",
        "%c0%ae%c0%ae/secret",
        "%uff0e%uff0e/secret",
        "..%00/secret",
        "info%00.txt",
        "%00",
        "~/secret",
        "file:///secret",
    ],
)
async def test_no_path_leads_out_of_a_volume(server: Running, path: str) -> None:
    for mount in ("/v2", "/v3", "/test"):
        said = await exchange(server, request(f"{mount}/volumes/proxy/open/{path}", "Connection: close"))
        assert statuses(said)[0] in (400, 404), said
        assert SECRET not in said


async def told_too_large(server: Running, path: str = "/v2/kv/s/k") -> list[int]:
    sent = request(path, f"Content-Length: {100 * MIB}", method="POST")
    return statuses(await exchange(server, sent, *(bytes(MIB) for _ in range(100))))


async def streamed_too_large(server: Running, path: str = "/v2/kv/s/k") -> list[int]:
    sent = request(path, "Transfer-Encoding: chunked", method="POST")
    piece = f"{MIB:x}\r\n".encode() + b" " * MIB + b"\r\n"
    return statuses(await exchange(server, sent, *(piece for _ in range(100))))


async def test_bodies_of_100_mb_stay_outside(server: Running) -> None:
    peak_bytes = before_bytes = server.resident_bytes

    async def watch() -> None:
        nonlocal peak_bytes
        while True:
            peak_bytes = max(peak_bytes, server.resident_bytes)
            await asyncio.sleep(0.01)

    watching = asyncio.create_task(watch())
    for ask in (told_too_large, streamed_too_large):
        said = [await ask(server) for _ in range(3)]
        # It closes while we still send, so that an answer may be lost on its way.
        assert [413] in said
        assert all(each in ([413], []) for each in said)
    watching.cancel()
    # What it holds of one body is what one may have, not what was sent, and three take no more than one.
    assert peak_bytes - before_bytes < 2 * LARGEST_BYTES
    assert await is_well(server)


async def test_whoever_may_not_write_makes_it_read_nothing(server: Running) -> None:
    began_s = time.monotonic()
    for line in ("Authorization: Bearer x", "X-Nobody: calls"):
        head = f"POST /v2/users HTTP/1.1\r\nHost: a\r\n{line}\r\nContent-Length: {30 * MIB}\r\n\r\n".encode()
        assert statuses(await exchange(server, head, b"[")) == [401]
    assert time.monotonic() - began_s < 10


async def test_clients_that_dawdle_keep_nobody_waiting(server: Running) -> None:
    unfinished = (
        request("/v2/users", "Content-Length: 1000", method="POST", body=b"{"),
        request("/v2/users", "Transfer-Encoding: chunked", method="POST", body=b"1\r\n{\r\n"),
        b"GET /v2/roles HTTP/1.1\r\nHost: a\r\nX-Unfinished: ",
        b"G",
    )
    writers = [(await asyncio.open_connection("127.0.0.1", server.port))[1] for _ in range(200)]
    for place, writer in enumerate(writers):
        writer.write(unfinished[place % len(unfinished)])
    began_s = time.monotonic()
    for _ in range(20):
        assert await is_well(server)
    assert time.monotonic() - began_s < 10
    for writer in writers:
        writer.transport.abort()
    assert await is_well(server)
