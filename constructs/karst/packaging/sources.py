"""Which files of a folder belong into a bundle, by allow-list, and what they hold.

Tests, caches, notes and the declaration stay out: changing them makes no new image.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

ALLOWED = ("alembic.ini", "build.lock", "migrations", "pyproject.toml", "requirements.lock", "src")
"""Files and folders at the top of a package that are packed; inside these folders everything is, but caches."""
LARGEST_FILE_BYTES = 16 * 1024 * 1024
LARGEST_BUNDLE_BYTES = 64 * 1024 * 1024

_PORTABLE = re.compile(r"[A-Za-z0-9_+@-][A-Za-z0-9._+@-]*")
_CACHES = re.compile(r"__pycache__|.*\.(pyc|pyo|egg-info)|.*~")


class PackagingError(ValueError):
    """A source that cannot be packed the same way everywhere; the message names the file and what to do."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One packed file: its path in the bundle, with `/`, and its bytes as they are."""

    path: str
    content: bytes


def package_entries(folder: Path) -> Iterator[Entry]:
    """Read what `ALLOWED` names in `folder`, under the folder's own name."""
    if not folder.is_dir():
        raise PackagingError(f"{folder} is no folder. Write the name of a folder of services_src")
    for name in ALLOWED:
        if os.path.lexists(folder / name):
            yield from _entries(folder / name, f"{folder.name}/{name}")


def file_entry(path: Path, name: str) -> Entry:
    """Read one file, to be packed as `name`."""
    return Entry(path=name, content=_content(path))


def checked(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Sort the entries by path; refuse what some file systems or size limits could not hold."""
    ordered = tuple(sorted(entries, key=lambda entry: entry.path.encode()))
    folded: dict[str, str] = {}
    for entry in ordered:
        parts = entry.path.split("/")
        for depth in range(1, len(parts) + 1):
            path = "/".join(parts[:depth])
            other = folded.setdefault(path.casefold(), path)
            if other != path:
                raise PackagingError(f"{other} and {path} differ only in capitals. Rename one of them")
    if (total := sum(len(entry.content) for entry in ordered)) > LARGEST_BUNDLE_BYTES:
        raise PackagingError(f"the sources are {total} bytes, more than {LARGEST_BUNDLE_BYTES}. Keep data elsewhere")
    return ordered


def _entries(path: Path, name: str) -> Iterator[Entry]:
    if path.is_symlink() or not path.is_dir():
        yield file_entry(path, name)
        return
    try:
        children = sorted(path.iterdir(), key=lambda child: child.name)
    except OSError as error:
        raise PackagingError(f"{path} cannot be read ({error.strerror}). Correct its permissions") from None
    for child in children:
        if child.name.startswith(".") or _CACHES.fullmatch(child.name):
            continue
        if not _PORTABLE.fullmatch(child.name):
            raise PackagingError(f"{path}: the name {child.name!a} is not portable. Use letters, digits and ._+@-")
        yield from _entries(child, f"{name}/{child.name}")


def _content(path: Path) -> bytes:
    try:
        status = path.lstat()
        if stat.S_ISLNK(status.st_mode):
            raise PackagingError(f"{path} is a symbolic link. Put the file itself there")
        if not stat.S_ISREG(status.st_mode):
            raise PackagingError(f"{path} is no regular file. Remove it")
        if status.st_size > LARGEST_FILE_BYTES:
            raise PackagingError(
                f"{path} is {status.st_size} bytes, more than {LARGEST_FILE_BYTES}. Keep data elsewhere"
            )
        return path.read_bytes()
    except OSError as error:
        raise PackagingError(f"{path} cannot be read ({error.strerror}). Correct its path or permissions") from None
