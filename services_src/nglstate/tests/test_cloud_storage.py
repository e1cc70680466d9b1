"""Objects of older services in Cloud Storage, as a stand-in of ours serves them: packed, with a header that says so."""

from __future__ import annotations

import gzip
import json
import threading
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

import pytest

from karst_nglstate.contents import Contents
from karst_nglstate.record import Column, Record
from karst_platform.stores.objects import Objects
from karst_platform.stores.objects_obstore import bucket_objects

pytestmark = pytest.mark.anyio
STREAM = zlib.compress(b'{"layers": []}')
PACKED = gzip.compress(STREAM)


class Packed(BaseHTTPRequestHandler):
    """Serves one object as Cloud Storage does: unpacked and without its length to whoever accepts no gzip."""

    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        is_packed = "gzip" in self.headers.get("Accept-Encoding", "")
        self.send_response(200 if unquote(self.path).endswith("/v2/5") else 404)
        self.send_header("ETag", '"1"')
        self.send_header("Last-Modified", "Sat, 21 Nov 2026 17:00:00 GMT")
        if not unquote(self.path).endswith("/v2/5"):
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if is_packed:
            self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(PACKED)))
        else:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(PACKED if is_packed else STREAM)
        self.close_connection = not is_packed


@pytest.fixture
def bucket() -> Iterator[Objects]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Packed)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    account = {"gcs_base_url": f"http://127.0.0.1:{server.server_port}", "disable_oauth": True}
    account |= dict.fromkeys(["client_email", "private_key", "private_key_id"], "")
    config = {"service_account_key": json.dumps(account), "skip_signature": "true"}
    yield bucket_objects("bucket", config=config, is_as_stored=True)
    server.shutdown()
    server.server_close()


async def nowhere() -> Objects | None:
    return None


@pytest.mark.parametrize("size_bytes", [None, 14])
async def test_packed_objects_are_unpacked_here(bucket: Objects, size_bytes: int | None) -> None:
    contents = Contents(bucket, nowhere)
    record = Record(
        id=5,
        column=Column.STATE,
        user_id="1",
        created=datetime.now(UTC),
        object_key="v2/5",
        size_bytes=size_bytes,
    )
    async with contents.reading(record) as stream:
        assert stream == STREAM
