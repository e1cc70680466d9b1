"""Contents that stand among objects: where each is, and how much of them is held at once."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

from karst_nglstate.encodings import unwrapped
from karst_nglstate.record import Column, Record
from karst_platform.cave.errors import CaveError
from karst_platform.stores.objects import MissingObjectError, Objects

_TYPE = "application/octet-stream"
_HELD_BYTES = 256 << 20
_SMALL_BYTES = 4 << 20


class Contents:
    """The objects of the bucket, and of the one that older services used where that is another.

    Without a bucket there are none. What is being read may hold 256 MiB at a time, then readers are told to come again.
    """

    def __init__(self, objects: Objects | None, older: Callable[[], Awaitable[Objects | None]]) -> None:
        self._objects, self._older = objects, older
        self._held_bytes = 0

    @property
    def has_bucket(self) -> bool:
        """Whether new contents can stand here."""
        return self._objects is not None

    async def put(self, record: Record, stream: bytes) -> None:
        """Write the content of a new record; nobody knows it before its record is kept."""
        assert self._objects is not None  # noqa: S101 - only records of stores with a bucket have a key
        await self._objects.put(_key(record), stream, content_type=_TYPE)

    @asynccontextmanager
    async def reading(self, record: Record) -> AsyncGenerator[bytes | None]:
        """The zlib stream of a record; None where nothing has it any more. Raises CaveError, 503."""
        held = bytearray()
        try:
            yield await self._found(record, held)
        finally:
            self._held_bytes -= len(held)

    async def delete(self, record: Record) -> None:
        """Delete a content; one that isn't there is fine."""
        if record.object_key is not None:
            for objects in await self._places():
                await objects.delete(record.object_key)

    async def _found(self, record: Record, held: bytearray) -> bytes | None:
        if record.object_key is None:
            return record.inline
        is_small = record.size_bytes is not None and record.size_bytes < _SMALL_BYTES
        for objects in await self._places():
            try:
                if is_small:
                    return unwrapped(await objects.get(record.object_key))
                async for piece in objects.stream(record.object_key):
                    self._hold(held, piece)
                return unwrapped(bytes(held))
            except MissingObjectError:
                continue
        return record.inline

    def _hold(self, held: bytearray, piece: bytes) -> None:
        if self._held_bytes + len(piece) > _HELD_BYTES:
            message = "Too many large states are read just now. Try again."
            raise CaveError(503, "service_unavailable", message, headers={"Retry-After": "2"})
        self._held_bytes += len(piece)
        held += piece

    async def _places(self) -> list[Objects]:
        older = await self._older()
        return [each for each in (self._objects, older) if each is not None]


def object_key(column: Column, state_id: int, tag: str, *, is_chosen: bool) -> str:
    """Where a content stands. Others may choose the same id at the same time, so their contents stand apart."""
    name = f"{state_id}-{tag}" if is_chosen else str(state_id)
    return name if column is Column.STATE else f"properties/{name}"


def _key(record: Record) -> str:
    assert record.object_key is not None  # noqa: S101 - whoever writes a content has given it one
    return record.object_key
