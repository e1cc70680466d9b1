"""Lists of any length pass through a server that holds little of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from starlette.types import Message, Scope

from karst_platform.stores.documents import Document, Query
from services_src.clio.tests.memory import MemoryDocuments
from services_src.clio.tests.support import serving, token

pytestmark = pytest.mark.anyio


async def test_all_is_sent_while_it_is_read() -> None:
    """200,000 annotations pass through a server that never holds more than some thousand of them."""
    count, held_bytes = 200_000, 0
    read = sent = furthest_ahead = 0

    class Long(MemoryDocuments):
        async def find(self, query: Query) -> AsyncIterator[Document]:
            nonlocal read
            if query.collection[0] == "clio_datasets":
                yield Document(path=("clio_datasets", "mb20"), fields={"public": True})
                return
            for body in range(1, count + 1):
                read += 1
                yield Document(path=(*query.collection, f"id{body}"), fields={"bodyid": body, "_head": True})

    async def receive() -> Message:
        await asyncio.sleep(3600)
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        nonlocal sent, furthest_ahead, held_bytes
        furthest_ahead = max(furthest_ahead, read - sent)
        body: bytes = message.get("body", b"")
        held_bytes = max(held_bytes, len(body))
        sent += body.count(b"bodyid")

    async with serving(Long()) as server:
        headers = [(b"authorization", f"Bearer {token('nobody@example.org')}".encode())]
        path = "/v2/json-annotations/mb20/neurons/all"
        scope: Scope = {"type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b""}
        scope |= {"headers": headers, "http_version": "1.1", "scheme": "https", "server": ("clio.example.org", 443)}
        scope |= {"asgi": {"version": "3.0"}, "client": ("127.0.0.1", 1), "root_path": ""}
        await server.app(scope, receive, send)
    assert sent == count
    assert furthest_ahead < 10_000
    assert held_bytes < 1 << 20
