"""JSON lists that are sent while they are made."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

from starlette.responses import StreamingResponse

_PART_BYTES = 1 << 16
Item = TypeVar("Item")


@asynccontextmanager
async def stopping(items: AsyncIterator[Item]) -> AsyncGenerator[AsyncIterator[Item]]:
    """Lend what yields items, and let go of what it holds as soon as nobody wants more."""
    try:
        yield items
    finally:
        if isinstance(items, AsyncGenerator):
            await items.aclose()


async def json_list(records: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The JSON text of a list from the texts of its elements, in parts of some 64 KiB."""
    part, size, start = [b"["], 0, b""
    async with stopping(records):
        async for record in records:
            part.append(start + record)
            size += len(record)
            start = b",\n"
            if size > _PART_BYTES:
                yield b"".join(part)
                part, size = [], 0
    yield b"".join([*part, b"]"])


async def streamed(parts: AsyncIterator[bytes]) -> StreamingResponse:
    """Answer with JSON in parts; what goes wrong before the first one is there becomes an error's answer."""
    first = await anext(parts, b"")

    async def rest() -> AsyncIterator[bytes]:
        async with stopping(parts):
            yield first
            async for part in parts:
                yield part

    return StreamingResponse(rest(), media_type="application/json")
