"""What is posted is what is read: byte for byte, however it was compressed on either way."""

from __future__ import annotations

import asyncio
import gzip
import json
import zlib

import pytest

from karst_nglstate.encodings import Encoding, accepted, compressed, gzipped, inflated, unwrapped
from services_src.nglstate.tests.support import API, HOST, Server, header, refused
from services_src.platform.tests.guard.people import EVERYONE, READER, STRANGER

pytestmark = pytest.mark.anyio
STATE = b'{"z": 1, "a": {"n": 9007199254740993123, "f": 1.10, "e": 1E+2},\t"z": [true, null, "\xc3\xa9\\u00e9"]}\r\n'
VERBATIM = {
    "keys in any order, twice": STATE,
    "integers without an end": b"[" + b"9" * 6000 + b", -0, 1e400, 0.1000]",
    "halves of pairs": b'["\\ud800", "\\uDFFF\\\\ud800"]',
    "escapes": b'"\\u0000\\/\\b\\f\\n\\r\\t\\"\\\\"',
    "a number": b"5",
    "spaces around": b" \n{} ",
    "as deep as the decoder goes": b"[" * 900 + b"]" * 900,
    "not English": json.dumps({"🧠": "мозг"}, ensure_ascii=False).encode(),
    "a megabyte": b"[" + b",".join(b'{"id": %d, "at": [1.5, 2.25]}' % number for number in range(40_000)) + b"]",
}
NO_JSON = {
    "nothing": b"",
    "spaces": b"  ",
    "NaN": b"[NaN]",
    "infinity": b"[-Infinity]",
    "two values": b"{} {}",
    "a comma too many": b"[1,]",
    "cut off": b'{"a": [1, 2',
    "single quotes": b"{'a': 1}",
    "NUL": b'{"a": 1}\x00',
    "NUL within": b'"\x00"',
    "a line within": b'"a\nb"',
    "invalid UTF-8": b'"\xff"',
    "surrogates in UTF-8": b'"\xed\xa0\x80"',
    "UTF-8 that is cut off": b'"' + b"a" * (1 << 20) + b'\xf0\x9f\xa7"',
    "a mark at the start": b"\xef\xbb\xbf{}",
    "UTF-16": "{}".encode("utf-16"),
    "leading zeros": b"[01]",
    "a half of an escape": b'"\\ud8"',
    "a form": b"state=%7B%7D",
    "too deep": b"[" * 200_000 + b"]" * 200_000,
    "too deep, open": b'{"a":' * 200_000,
}


@pytest.mark.parametrize("folder", ["", "/property"])
async def test_what_was_posted_is_read_byte_for_byte(server: Server, folder: str) -> None:
    for name, content in VERBATIM.items():
        kept = await server.post(content, folder=folder)
        assert await server.content(kept, folder) == content, name
        raw = await server.ask("GET", f"{API}{folder}/raw/{kept}", who=STRANGER)
        assert (raw.headers["content-type"], zlib.decompress(raw.content)) == ("application/octet-stream", content)
        assert "content-encoding" not in raw.headers


async def test_what_is_no_json_is_refused(postgres_server: Server) -> None:
    for name, content in NO_JSON.items():
        for path in ("/post", "/property/post"):
            answer = await postgres_server.ask("POST", f"{API}{path}", content)
            assert answer.status_code == 400, name
            refused(answer, 400, "invalid_json")


TYPES = (None, "application/json", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x")


async def test_the_type_of_a_body_makes_no_difference(postgres_server: Server) -> None:
    for number, content_type in enumerate(TYPES):
        headers = {} if content_type is None else {"Content-Type": content_type}
        content = STATE + b" " * number
        answer = await postgres_server.ask("POST", f"{API}/post", content, headers=headers)
        assert answer.status_code == 200, content_type
        assert await postgres_server.content(int(answer.json().rpartition("/")[2])) == content


def raw_deflate(content: bytes) -> bytes:
    squeezer = zlib.compressobj(wbits=-15)
    return squeezer.compress(content) + squeezer.flush()


SENT = {
    "": STATE,
    "identity": STATE,
    "gzip": gzip.compress(STATE),
    "GZIP": gzip.compress(STATE),
    "x-gzip": gzip.compress(STATE),
    "deflate": zlib.compress(STATE),
    " deflate": raw_deflate(STATE),
}


async def test_bodies_may_come_compressed(postgres_server: Server) -> None:
    for who, (encoding, body) in enumerate(SENT.items(), start=1):
        headers = {"Content-Encoding": encoding} if encoding else {}
        answer = await postgres_server.ask("POST", f"{API}/post", body, headers=headers, who=EVERYONE[who])
        assert await postgres_server.content(int(answer.json().rpartition("/")[2])) == STATE, encoding


MEBIBYTE = 1 << 20


async def test_a_stream_without_a_frame_ends_where_its_text_does(postgres_server: Server) -> None:
    # Repeats stand so close together that the last bits are read before the text that they stand for has come out.
    for more in (0, 134, 200, 257, 300):
        content = b" " * (MEBIBYTE + more - 1) + b"1"
        headers = {"Content-Encoding": "deflate"}
        answer = await postgres_server.ask("POST", f"{API}/post", raw_deflate(content), headers=headers)
        assert answer.status_code == 200, (more, answer.text)
        assert await postgres_server.content(int(answer.json().rpartition("/")[2])) == content


BROKEN = [
    ("gzip", STATE),
    ("gzip", gzip.compress(STATE, mtime=0)[:-4]),
    ("gzip", gzip.compress(STATE, mtime=0) + b"more"),
    ("gzip", gzip.compress(STATE, mtime=0)[:20] + b"\x00" * 20),
    ("deflate", b"\x78\x9cno"),
    ("deflate", zlib.compress(STATE)[:-1]),
]


async def test_bodies_that_are_not_what_they_say_are_refused(postgres_server: Server) -> None:
    for encoding, body in BROKEN:
        answer = await postgres_server.ask("POST", f"{API}/post", body, headers={"Content-Encoding": encoding})
        refused(answer, 400, "invalid_encoding")


async def test_other_compressions_are_refused(postgres_server: Server) -> None:
    for encoding in ("br", "zstd", "gzip, gzip", "*", "x"):
        answer = await postgres_server.ask("POST", f"{API}/post", STATE, headers={"Content-Encoding": encoding})
        refused(answer, 415, "unsupported_encoding")
        assert answer.headers["accept-encoding"] == "gzip, deflate"


READ = [
    ("gzip, deflate", "deflate"),
    ("deflate", "deflate"),
    ("gzip", "gzip"),
    ("x-gzip", "gzip"),
    ("gzip;q=0.5, deflate;q=0", "gzip"),
    ("gzip;q=0", None),
    ("gzip;q=0, deflate;q=0.000", None),
    ("deflate;q=0, *", "gzip"),
    ("*", "deflate"),
    ("*;q=0", None),
    ("br", None),
    ("identity", None),
    ("GZIP;Q=1", "gzip"),
    (",;=,;;q", None),
]


async def test_answers_are_compressed_as_the_client_can_read_them(postgres_server: Server) -> None:
    for content in (STATE, VERBATIM["a megabyte"]):
        kept = await postgres_server.post(content)
        for accept, encoding in READ:
            assert accepted(accept) == (encoding or Encoding.IDENTITY)
            headers = {"Accept-Encoding": accept, **header(READER)}
            async with postgres_server.client.stream("GET", f"{HOST}{API}/{kept}", headers=headers) as answer:
                raw = b"".join([piece async for piece in answer.aiter_raw()])
            assert answer.headers.get("content-encoding") == encoding, accept
            assert (answer.headers["content-type"], answer.headers["vary"]) == ("application/json", "Accept-Encoding")
            assert int(answer.headers["content-length"]) == len(raw)
            unpack = {"deflate": zlib.decompress, "gzip": gzip.decompress, None: bytes}[encoding]
            assert unpack(raw) == content


def test_streams_of_older_services_are_read_too() -> None:
    for level in (0, 6, 9):
        stream = zlib.compress(STATE, level)
        assert b"".join(inflated(stream)) == gzip.decompress(gzipped(stream)) == STATE
    assert unwrapped(gzip.compress(stream)) == unwrapped(stream) == stream


async def test_concurrent_posts_of_one_content_are_one_state(server: Server) -> None:
    """Clients send a post again whose answer was lost, and some do before the first one is done."""
    ids = await asyncio.gather(*(server.post(STATE) for _ in range(20)))
    assert len(set(ids)) == 1
    assert await server.post(STATE, who=STRANGER) != ids[0]
    assert await server.post(STATE, folder="/property") != ids[0]
    assert await server.post(STATE + b" ") != ids[0]
    assert await server.content(ids[0]) == STATE


def test_compression_is_quick_and_right() -> None:
    assert zlib.decompress(compressed(VERBATIM["a megabyte"])) == VERBATIM["a megabyte"]
