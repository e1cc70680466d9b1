"""Puts a new deployment's folder into its place: all of it or nothing, never over another one unless told to."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

from karst.config.errors import show_path


class FolderError(Exception):
    """A folder that can't be written; says why and what to do. Nothing was changed."""


@contextmanager
def _beside(target: Path) -> Generator[Path]:
    """A new folder on the same disk, gone at the end. Its name has a dot, so nothing takes it for a deployment."""
    folder = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def write_folder(
    target: Path,
    files: Mapping[str, str],
    *,
    may_replace: bool,
    elsewhere: str,
    inspect: Callable[[Path], Mapping[str, str]],
) -> None:
    """Write `files` to the folder `target`, and what `inspect` makes of them once they stand in a folder of its name.

    An existing folder is refused, or moved aside and then deleted where it may be replaced. Raises `FolderError`,
    which says `elsewhere`, what to do where the place is taken.
    """
    _check_free(target, may_replace=may_replace, elsewhere=elsewhere)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _beside(target) as temporary:
            draft = temporary / target.name
            _write(draft, files)
            _write(draft, inspect(draft))
            _move(draft, target, temporary / "replaced", may_replace=may_replace)
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise FolderError(f"{show_path(target)} can't be written ({reason}). Check the path and the disk") from error


def _check_free(target: Path, *, may_replace: bool, elsewhere: str) -> None:
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise FolderError(f"{show_path(target)} is no folder. {elsewhere}")
    if target.exists() and not may_replace:
        raise FolderError(f"{show_path(target)} exists, and what stands there may have been edited. {elsewhere}")


def _write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _move(draft: Path, target: Path, aside: Path, *, may_replace: bool) -> None:
    if may_replace and target.exists():
        target.rename(aside)
        try:
            draft.rename(target)
        except OSError:
            aside.rename(target)
            raise
        return
    # A folder that came meanwhile and holds something makes this fail; an empty one is no loss.
    draft.rename(target)
