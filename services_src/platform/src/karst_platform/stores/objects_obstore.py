"""Objects in Cloud Storage and in a folder, by obstore: one code for both, as their answers are the same."""

from __future__ import annotations

import mimetypes
from collections.abc import AsyncIterable, AsyncIterator, Generator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, cast

import obstore
from obstore.exceptions import BaseError
from obstore.store import GCSStore, LocalStore

from karst_platform.stores.blocking import awaited, each, written
from karst_platform.stores.documents import StoreUnavailableError
from karst_platform.stores.objects import MissingObjectError, ObjectInfo, check_key

_DELETE_AT_ONCE = 500
_DEFAULT_TYPE = "application/octet-stream"


class StoredObjects:
    """What both have in common; make one by `bucket_objects` or `folder_objects`."""

    def __init__(self, store: GCSStore | LocalStore, folder: Path | None = None) -> None:
        self._store = store
        self._folder = folder

    async def info(self, key: str) -> ObjectInfo | None:
        """What is known of an object, or None."""
        try:
            with _translated(key):
                answer = await awaited(obstore.get, self._store, self._checked(key), options={"head": True})
        except MissingObjectError:
            return None
        return self._info(answer.meta, self._type(key, answer.attributes))

    async def exists(self, key: str) -> bool:
        """Whether there is an object of this key."""
        return await self.info(key) is not None

    async def get(self, key: str, *, start: int = 0, length: int | None = None) -> bytes:
        """The content, or a part of it; what lies beyond the end is left out. Raises `MissingObjectError`."""
        if start < 0 or (length is not None and length < 0):
            raise ValueError("a part of an object begins at 0 or later and has no negative length")
        if start or length is not None:
            found = await self.info(key)
            if found is None:
                raise MissingObjectError(key)
            end = found.size_bytes if length is None else min(start + length, found.size_bytes)
            if start >= end:
                return b""
            with _translated(key):
                return bytes(await awaited(obstore.get_range, self._store, key, start=start, end=end))
        with _translated(key):
            return await awaited(self._whole, self._checked(key))

    async def stream(self, key: str) -> AsyncIterator[bytes]:
        """The content piece by piece. Raises `MissingObjectError` before the first."""
        with _translated(key):
            answer = await awaited(obstore.get, self._store, self._checked(key))
            async for piece in each(iter(answer.stream())):
                yield bytes(piece)

    async def put(self, key: str, content: bytes | AsyncIterable[bytes], *, content_type: str) -> None:
        """Write an object in place of an old one; others see all of it or nothing."""
        attributes = cast("Any", None if self._folder else {"Content-Type": content_type})
        write = partial(obstore.put, self._store, self._checked(key), attributes=attributes)
        with _translated(key):
            await (awaited(write, content) if isinstance(content, bytes) else written(write, content))

    async def list(self, prefix: str = "") -> AsyncIterator[ObjectInfo]:
        """Objects below a folder, in no particular order."""
        inner = check_key(prefix.removesuffix("/")) if prefix else None
        with _translated(prefix):
            async for page in each(iter(obstore.list(self._store, prefix=inner))):
                for meta in page:
                    if not self._leads_out(meta["path"]):
                        yield self._info(meta, None)

    async def delete(self, *keys: str) -> None:
        """Delete objects; those that aren't there are fine."""
        for key in keys:
            check_key(key)
        for key in keys:
            try:
                with _translated(key):
                    await awaited(obstore.delete, self._store, key)
            except MissingObjectError:
                continue

    async def delete_prefix(self, prefix: str) -> int:
        """Delete all objects below a folder and return how many there were."""
        if not prefix:
            raise ValueError("name the folder whose objects shall be deleted")
        keys = [found.key async for found in self.list(prefix)]
        for start in range(0, len(keys), _DELETE_AT_ONCE):
            with _translated(prefix):
                await awaited(obstore.delete, self._store, keys[start : start + _DELETE_AT_ONCE])
        return len(keys)

    def _whole(self, key: str) -> bytes:
        return bytes(obstore.get(self._store, key).bytes())

    def _checked(self, key: str) -> str:
        if self._leads_out(check_key(key)):
            raise MissingObjectError(f"there is no object {key!a}")
        return key

    def _leads_out(self, key: str) -> bool:
        # By a link that somebody else put there; `check_key` sees to the rest.
        return self._folder is not None and not (self._folder / key).resolve().is_relative_to(self._folder)

    def _info(self, meta: Mapping[str, Any], content_type: str | None) -> ObjectInfo:
        return ObjectInfo(
            key=meta["path"],
            size_bytes=meta["size"],
            etag=meta["e_tag"] or "",
            modified=meta["last_modified"],
            content_type=content_type,
        )

    def _type(self, key: str, attributes: Mapping[Any, str]) -> str:
        if self._folder is None:
            return attributes.get("Content-Type", _DEFAULT_TYPE)
        return mimetypes.guess_type(key)[0] or _DEFAULT_TYPE


def bucket_objects(
    bucket: str, *, prefix: str | None = None, config: Mapping[str, str] | None = None, is_as_stored: bool = False
) -> StoredObjects:
    """Objects of a bucket of Cloud Storage, below a prefix if one is named, by the machine's identity.

    Cloud Storage unpacks what was stored with `Content-Encoding: gzip`, and tells no length then, without which it
    can't be read here: `is_as_stored` has it come packed. `config` is obstore's, for tests against another server.
    """
    headers = {"default_headers": {"Accept-Encoding": "gzip"}} if is_as_stored else {}
    store = GCSStore(
        bucket,
        prefix=prefix,
        config=cast("Any", dict(config or {})),
        client_options=cast("Any", {"connect_timeout": "5s", "timeout": "60s", "allow_http": bool(config), **headers}),
        retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=10)},
    )
    return StoredObjects(store)


def folder_objects(folder: Path) -> StoredObjects:
    """Objects in a folder, made when needed. It keeps no content types: they follow from the ending of a key."""
    return StoredObjects(LocalStore(folder, mkdir=True, automatic_cleanup=True), folder.resolve())


@contextmanager
def _translated(key: str) -> Generator[None]:
    try:
        yield
    except FileNotFoundError:
        raise MissingObjectError(f"there is no object {key!a}") from None
    except (BaseError, OSError) as error:
        raise StoreUnavailableError(f"The store of objects is not available ({type(error).__name__})") from error
