"""Values of users under a scope and a key, `{root}/{e-mail}/{scope}/{key}`: JSON objects of up to 32 MiB.

A value is kept as one compressed text, so that no limit of the store on names, nesting or numbers of fields meets it.
Where the text is too large for one document, its parts stand in the collection `parts` below; those of a value are
written before the document that names them, and removed after it names others, so that readers see whole values only.
Values that other software wrote, field by field, are read too.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import uuid
import zlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass

import orjson

from karst_clio.caching import Clock
from karst_clio.resources.ids import can_exist
from karst_platform.stores.documents import (
    ContentionError,
    Document,
    Documents,
    Fields,
    Path,
    Query,
    Transaction,
    Write,
)

LARGEST_BYTES = 32 << 20
TIMESTAMP = "_timestamp"
_BLOB = "_karst_blob"
_PARTS = "parts"
_PART_LETTERS = 900_000  # a document holds 1 MiB
_PARTS_A_COMMIT = 8  # a commit holds 10 MiB
_LONGEST_NAME_BYTES = 600  # a path holds 2,400 bytes: e-mail, scope, key and the name of a part
_HASHED = "~"
_ORPHANED_MS = 3_600_000
_ATTEMPTS = 5


@dataclass(frozen=True, kw_only=True)
class Value:
    """A value as JSON text, without its time."""

    text: bytes
    at_s: float | None

    def shown(self, *, with_time: bool) -> bytes:
        """The JSON text, with the time as its last field where that is wanted."""
        if not with_time or self.at_s is None:
            return self.text
        comma = b"" if self.text == b"{}" else b","
        return self.text[:-1] + comma + orjson.dumps(TIMESTAMP) + b":" + orjson.dumps(self.at_s) + b"}"


@dataclass(frozen=True, kw_only=True)
class Key:
    """What a value is found by."""

    user: str
    scope: str
    key: str


class Values:
    """The values below one root."""

    def __init__(self, documents: Documents, clock: Clock, root: str) -> None:
        self._documents, self._clock, self._root = documents, clock, root

    async def get(self, key: Key) -> Value | None:
        """A value, or None."""
        for _ in range(_ATTEMPTS):
            head = await self._documents.get(self._path(key))
            if head is None:
                return None
            value = await self._value(head)
            if value is not None:
                return value
        raise ContentionError(f"{key.key!r} changes again and again")

    async def put(self, key: Key, text: bytes) -> None:
        """Put a JSON object in place of what is there. Its time is now."""
        now_s, path = self._clock(), self._path(key)
        generation = f"{int(now_s * 1000):015d}-{uuid.uuid4().hex}"
        parts = await asyncio.to_thread(_packed, text)
        names = orjson.dumps([key.scope, key.key]).decode()  # as JSON, since stores keep no U+0000
        blob = {"names": names, "generation": generation, "parts": len(parts)}
        if len(parts) > 1:
            writes = [
                Write(path=_part(path, generation, number), fields={"data": part}) for number, part in enumerate(parts)
            ]
            for start in range(0, len(writes), _PARTS_A_COMMIT):
                await self._documents.write(*writes[start : start + _PARTS_A_COMMIT])
        else:
            blob["data"] = parts[0]
        before = await self._swap(path, {_BLOB: blob, TIMESTAMP: now_s})
        if len(parts) > 1 or _parts_of(before) > 1:
            await self._sweep(path, before, now_s)

    async def remove(self, key: Key) -> None:
        """Remove a value; one that isn't there stays so."""
        path = self._path(key)
        before = await self._swap(path, None)
        if _parts_of(before) > 1:
            await self._sweep(path, before, self._clock())

    async def scopes(self, user: str) -> list[str]:
        """The scopes of a user, as they are called in paths."""
        path = (self._root, user)
        return await self._documents.children(path) if can_exist(path) else []

    async def users(self) -> list[str]:
        """E-mails of everybody who has values."""
        return await self._documents.children((self._root,))

    async def of_scope(self, user: str, scope: str) -> AsyncIterator[tuple[str, str, Value]]:
        """Scope, key and value of all that a scope holds, in order of keys; `scope` is its name in a path."""
        collection = (self._root, user, scope)
        if not can_exist(collection):
            return
        async for head in self._documents.find(Query(collection=collection)):
            name, key = _names_of(head)
            value = await self._value(head)
            if value is None:
                value = await self.get(Key(user=user, scope=name, key=key))
            if value is not None:
                yield name, key, value

    async def _value(self, head: Document) -> Value | None:
        """The value of a document, or None where its parts are gone, because it has changed meanwhile."""
        at = head.fields.get(TIMESTAMP)
        at_s = float(at) if isinstance(at, int | float) else None
        blob = head.fields.get(_BLOB)
        if not isinstance(blob, Mapping):
            fields = {name: value for name, value in head.fields.items() if name != TIMESTAMP}
            return Value(text=orjson.dumps(fields), at_s=at_s)
        data = blob.get("data")
        if isinstance(data, str):
            return Value(text=await asyncio.to_thread(_unpacked, [data]), at_s=at_s)
        paths = [_part(head.path, str(blob["generation"]), number) for number in range(_parts_of(head.fields))]
        found = await self._documents.get_many(paths)
        parts = [str(part.fields["data"]) for part in found if part is not None]
        if len(parts) < len(paths):
            return None
        return Value(text=await asyncio.to_thread(_unpacked, parts), at_s=at_s)

    async def _swap(self, path: Path, fields: Fields | None) -> Fields:
        async def work(transaction: Transaction) -> Fields:
            before = await transaction.get(path)
            transaction.write(Write(path=path, fields=fields))
            return before.fields if before is not None else {}

        return await self._documents.in_transaction(work)

    async def _sweep(self, path: Path, before: Fields, now_s: float) -> None:
        """Remove the parts of what was there before, and those of writers who went away long ago."""
        collection = (*path, _PARTS)
        head = await self._documents.get(path)
        current = _generation_of(head.fields if head is not None else {})
        limit = f"{int(now_s * 1000) - _ORPHANED_MS:015d}"
        old = _generation_of(before)
        gone = [
            Write(path=(*collection, name), fields=None)
            for name in await self._documents.children(collection)
            if _of(name) != current and (_of(name) == old or name < limit)
        ]
        await self._documents.write(*gone)

    def _path(self, key: Key) -> Path:
        return (self._root, key.user, name_in_path(key.scope), name_in_path(key.key))


def name_in_path(text: str) -> str:
    """What a scope or a key is called in a path: itself, or a hash of it where stores have no such names."""
    is_plain = not text.startswith(_HASHED) and len(text.encode()) <= _LONGEST_NAME_BYTES and can_exist((text,))
    return text if is_plain else _HASHED + hashlib.sha256(text.encode()).hexdigest()


def _names_of(head: Document) -> tuple[str, str]:
    """Scope and key of a document."""
    blob = head.fields.get(_BLOB)
    if not isinstance(blob, Mapping):
        return head.path[-2], head.path[-1]
    scope, key = orjson.loads(str(blob["names"]))
    return scope, key


def _part(path: Path, generation: str, number: int) -> Path:
    return (*path, _PARTS, f"{generation}-{number:04d}")


def _of(part: str) -> str:
    return part.rpartition("-")[0]


def _parts_of(fields: Fields) -> int:
    blob = fields.get(_BLOB)
    count = blob.get("parts") if isinstance(blob, Mapping) else None
    return count if isinstance(count, int) else 0


def _generation_of(fields: Fields) -> str:
    blob = fields.get(_BLOB)
    return str(blob.get("generation", "")) if isinstance(blob, Mapping) else ""


def _packed(text: bytes) -> list[str]:
    packed = base64.b64encode(zlib.compress(text, 1)).decode()
    return [packed[start : start + _PART_LETTERS] for start in range(0, len(packed), _PART_LETTERS)]


def _unpacked(parts: Sequence[str]) -> bytes:
    return zlib.decompress(base64.b64decode("".join(parts)))
