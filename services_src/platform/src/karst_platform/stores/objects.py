"""Objects in a bucket: what Cloud Storage is in the cloud and a folder on one machine.

A key is a relative path: parts of text between slashes, none empty, `.` or `..`, without control characters and
backslashes, 1,024 bytes at the most. Anything else is refused with `BadKeyError` before a store sees it.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterable, AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

_KEY_BYTES = 1024
_UNFIT = re.compile(r"[\x00-\x1f\x7f\\\ud800-\udfff]")


class BadKeyError(ValueError):
    """Text that can't name an object."""


class MissingObjectError(LookupError):
    """There is no object of this key."""


@dataclass(frozen=True, kw_only=True)
class ObjectInfo:
    """What is known of an object without reading it."""

    key: str
    size_bytes: int
    etag: str
    """Changes whenever the content is written anew."""
    modified: datetime
    content_type: str | None
    """None in lists: they don't say."""


class Objects(Protocol):
    """The objects of one bucket, or of one folder. Safe to use from many tasks at a time.

    Every method raises `BadKeyError`, and `karst_platform.stores.documents.StoreUnavailableError` where the store
    doesn't answer.
    """

    async def info(self, key: str) -> ObjectInfo | None:
        """What is known of an object, or None."""
        ...

    async def exists(self, key: str) -> bool:
        """Whether there is an object of this key."""
        ...

    async def get(self, key: str, *, start: int = 0, length: int | None = None) -> bytes:
        """The content, or a part of it; what lies beyond the end is left out. Raises `MissingObjectError`."""
        ...

    def stream(self, key: str) -> AsyncIterator[bytes]:
        """The content piece by piece. Raises `MissingObjectError` before the first."""
        ...

    async def put(self, key: str, content: bytes | AsyncIterable[bytes], *, content_type: str) -> None:
        """Write an object in place of an old one; others see all of it or nothing."""
        ...

    def list(self, prefix: str = "") -> AsyncIterator[ObjectInfo]:
        """Objects below a folder (`a/b` finds `a/b/c`, not `a/bc`), in no particular order."""
        ...

    async def delete(self, *keys: str) -> None:
        """Delete objects; those that aren't there are fine."""
        ...

    async def delete_prefix(self, prefix: str) -> int:
        """Delete all objects below a folder and return how many there were."""
        ...


def check_key(key: str) -> str:
    """Return the key, or refuse with `BadKeyError` what can't be one."""
    parts = key.split("/")
    if _UNFIT.search(key) or any(part in {"", ".", ".."} for part in parts):
        raise BadKeyError(f"{key[:80]!a} can't name an object: write parts between single slashes, none '.' or '..'")
    if len(key.encode()) > _KEY_BYTES:
        raise BadKeyError(f"{key[:60]!a}... can't name an object: it has more than {_KEY_BYTES} bytes")
    return key
