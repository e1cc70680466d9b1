"""The folder of an export: files of documents, and a manifest that says which of them count.

Format 1. `documents-000001.jsonl.gz` and so on are gzip files of JSON lines, `{"path": [...], "fields": {...}}`, in the
order of the store they come from; `values` says how fields are written. `manifest.json` (`Manifest`) is replaced as a
whole after each finished file: what it doesn't list doesn't count. So a killed export goes on after its last file.
"""

from __future__ import annotations

import fcntl
import gzip
import hashlib
import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path as FilePath
from typing import BinaryIO

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError

from karst_clio.exports.store import Record
from karst_platform.exits import CommandError, Exit

FORMAT = "karst-documents"
VERSION = 1
_MANIFEST, _LOCK, _UNFINISHED = "manifest.json", ".lock", ".unfinished"
_BLOCK_BYTES = 1 << 20
_LINE = orjson.OPT_APPEND_NEWLINE | orjson.OPT_SORT_KEYS  # Firestore names fields in any order


class File(BaseModel):
    """A finished file of documents."""

    model_config = ConfigDict(frozen=True)

    name: str
    documents: int
    bytes: int
    sha256: str


class Manifest(BaseModel):
    """What a folder holds."""

    model_config = ConfigDict(frozen=True)

    format: str = FORMAT
    version: int = VERSION
    id: str
    """Tells this export from all others."""
    source: str
    """The store's address, without user and password."""
    root: str | None
    """What names in references begin with, where the store has references."""
    began: datetime
    ended: datetime | None = None
    """None while something is missing."""
    documents: int = 0
    collections: dict[str, int] = {}
    """Documents by the first part of their paths."""
    files: tuple[File, ...] = ()
    last: tuple[str, ...] | None = None
    """Path of the last document."""


class Writer:
    """A file of documents that is being written; it counts once it is finished."""

    def __init__(self, folder: FilePath, number: int) -> None:
        self.name = f"documents-{number:06d}.jsonl.gz"
        self.documents = self.size_bytes = 0
        self.collections: dict[str, int] = {}
        self.last: tuple[str, ...] | None = None
        self._path = folder / self.name
        self._raw = _create(self._unfinished)
        # Without name and time, so that the same documents make the same bytes.
        self._packed = gzip.GzipFile(filename="", mode="wb", fileobj=self._raw, compresslevel=6, mtime=0)

    @property
    def _unfinished(self) -> FilePath:
        return self._path.with_name(self._path.name + _UNFINISHED)

    def add(self, record: Record) -> None:
        """Add a document."""
        line = orjson.dumps({"path": record.path, "fields": record.fields}, option=_LINE)
        self._packed.write(line)
        self.documents += 1
        self.size_bytes += len(line)
        self.collections[record.path[0]] = self.collections.get(record.path[0], 0) + 1
        self.last = record.path

    def finish(self) -> File:
        """Put the file, whole and on disk, in its place."""
        self._packed.close()
        _to_disk(self._raw)
        size = self._unfinished.stat().st_size
        file = File(name=self.name, documents=self.documents, bytes=size, sha256=_sha256(self._unfinished))
        self._unfinished.replace(self._path)
        return file


def read_manifest(folder: FilePath) -> Manifest | None:
    """The manifest, or None where there is none. Raises CommandError where it can't be read."""
    try:
        text = (folder / _MANIFEST).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        told = orjson.loads(text)
        version = told["version"] if told["format"] == FORMAT else None
    except (ValueError, KeyError, TypeError):
        raise _damaged(folder / _MANIFEST, "it is no manifest of an export") from None
    if not isinstance(version, int):
        raise _damaged(folder / _MANIFEST, "it is no manifest of an export")
    if version > VERSION:
        raise CommandError(
            Exit.DAMAGED, f"{folder} has format {version}, this Karst knows {VERSION}: use the Karst that made it"
        )
    try:
        return Manifest.model_validate(told)
    except ValidationError as error:
        place = ".".join(map(str, error.errors()[0]["loc"]))
        raise _damaged(folder / _MANIFEST, f"its {place} can't be read") from None


def save_manifest(folder: FilePath, manifest: Manifest) -> None:
    """Replace the manifest, whole or not at all."""
    draft = folder / f"{_MANIFEST}{_UNFINISHED}"
    with _create(draft) as file:
        file.write(orjson.dumps(manifest.model_dump(mode="json"), option=orjson.OPT_INDENT_2))
        _to_disk(file)
    draft.replace(folder / _MANIFEST)
    # The names reach the disk with their folder.
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def check_files(folder: FilePath, manifest: Manifest) -> Iterator[File]:
    """Go through the files and yield each whose checksum fits. Raises CommandError for the first that is damaged."""
    for file in manifest.files:
        path = folder / file.name
        if not path.is_file():
            raise _damaged(path, "it is missing")
        if path.stat().st_size != file.bytes or _sha256(path) != file.sha256:
            raise _damaged(path, "its checksum is another than the manifest's")
        yield file


def records_of(folder: FilePath, file: File) -> Iterator[tuple[Record, int]]:
    """The documents of a file, each with the bytes of its line.

    Raises CommandError where it can't be read, or holds another number than the manifest says.
    """
    path, count = folder / file.name, 0
    try:
        with gzip.open(path, "rb") as lines:
            for line in lines:
                told = orjson.loads(line)
                yield Record(path=tuple(told["path"]), fields=told["fields"]), len(line)
                count += 1
    except (EOFError, gzip.BadGzipFile, KeyError, TypeError, orjson.JSONDecodeError) as error:
        raise _damaged(path, f"document {count + 1} can't be read ({error})") from None
    if count != file.documents:
        raise _damaged(path, f"it holds {count} documents, the manifest says {file.documents}")


@contextmanager
def writing_alone(folder: FilePath) -> Generator[None]:
    """Make the folder, for its owner only, and keep other exports out. The lock ends with the process.

    Raises CommandError where the folder holds something else, or another export writes to it.
    """
    _refuse_other_files(folder)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / _LOCK).open("wb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CommandError(Exit.IN_USE, f"Another export writes to {folder}. Wait for it, or stop it") from None
        for unfinished in folder.glob(f"*{_UNFINISHED}"):
            unfinished.unlink()
        yield


def _refuse_other_files(folder: FilePath) -> None:
    """Raise CommandError where a folder without a manifest holds anything: it is somebody's."""
    if not folder.exists() or (folder / _MANIFEST).exists():
        return
    own = {_LOCK, f"{_MANIFEST}{_UNFINISHED}"}  # all that an export leaves which is killed before its first manifest
    others = sorted(path.name for path in folder.iterdir() if path.name not in own)
    if others:
        raise CommandError(
            Exit.USAGE, f"{folder} holds other files ({', '.join(others[:3])}). Name an empty folder, or a new one"
        )


def _create(path: FilePath) -> BinaryIO:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)  # documents hold people's addresses
    return os.fdopen(handle, "wb")


def _to_disk(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())
    file.close()


def _sha256(path: FilePath) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def _damaged(path: FilePath, why: str) -> CommandError:
    return CommandError(Exit.DAMAGED, f"{path} is damaged: {why}. Copy it again from where it was made, or export anew")
