"""The folder that holds all that the platform keeps on one machine.

One run has it at a time. The lock is the operating system's, so a run that was killed leaves none behind.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from filelock import FileLock, Timeout

from karst_local.faults import Exit, LocalError, disk_full, full_disk_named

FORMAT = 1
"""Of the folder; a Karst refuses formats above its own."""
NEEDED_BYTES = 256 << 20
"""Free space without which PostgreSQL would soon stop."""
NEEDED_WITHOUT_DATABASE_BYTES = 16 << 20
_MARKER, _LOCK, _RUNNING = "state.json", "lock", "running.json"


@dataclass(frozen=True, kw_only=True)
class State:
    """The open folder."""

    folder: Path
    is_new: bool
    was_cut_off: bool
    """Whether the last run ended without closing."""

    @property
    def postgres(self) -> Path:
        """The database's files."""
        return self.folder / "postgres"

    @property
    def datasets(self) -> Path:
        """`datasets.json`, as services read it."""
        return self.folder / "datasets.json"

    @property
    def log(self) -> Path:
        """What services log."""
        return self.folder / "karst.log"

    def subfolder(self, name: str) -> Path:
        """Make a folder that only its owner may open, unless it is there."""
        path = self.folder / name
        path.mkdir(mode=0o700, exist_ok=True)
        return path

    def secret(self, name: str) -> str:
        """A random secret, the same in every run."""
        path = self.subfolder("secrets") / name
        if not path.exists():
            write_private(path, secrets.token_hex(32))
        return path.read_text(encoding="utf-8")

    def announce(self, url: str) -> None:
        """Leave word for whoever tries the same folder."""
        write_private(self.folder / _RUNNING, json.dumps({"process": os.getpid(), "url": url}))


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    with full_disk_named(path.parent):
        draft = path.with_name(f".{path.name}.new")
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
        draft.replace(path)


@contextmanager
def open_state(folder: Path, *, deployment: str, is_fresh: bool, needed_bytes: int) -> Generator[State]:
    """Have the folder for ourselves, made where it isn't there, emptied first if `is_fresh`.

    Raises LocalError: in use, of a newer Karst, of another deployment, no state folder at all, no space left.
    """
    with full_disk_named(folder):
        _make(folder)
        _refuse_other_folders(folder)
        with _locked(folder):
            if is_fresh:
                _empty(folder)
            else:
                _check_marker(folder, deployment)
            is_new = not (folder / "postgres" / "PG_VERSION").exists()
            _need_space(folder, needed_bytes)
            marker = {"format": FORMAT, "deployment": deployment, "karst": version("karst-local")}
            write_private(folder / _MARKER, json.dumps(marker, indent=2) + "\n")
            running = folder / _RUNNING
            try:
                yield State(folder=folder, is_new=is_new, was_cut_off=running.exists())
            finally:
                running.unlink(missing_ok=True)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        file = next(path for path in (folder, *folder.parents) if path.is_file())
        raise LocalError(Exit.FOREIGN_STATE, f"{file} is a file. Choose another place: --state FOLDER") from None
    except (PermissionError, FileNotFoundError) as error:
        raise LocalError(
            Exit.FOREIGN_STATE, f"{folder} can't be made ({error.strerror}). Choose another place: --state FOLDER"
        ) from None
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        raise LocalError(Exit.FOREIGN_STATE, f"Nothing can be written to {folder}. Choose another: --state FOLDER")


def _refuse_other_folders(folder: Path) -> None:
    others = {path.name for path in folder.iterdir()} - {_LOCK}
    if others and not (folder / _MARKER).exists():
        raise LocalError(
            Exit.FOREIGN_STATE,
            f"{folder} holds other files ({', '.join(sorted(others)[:3])}) and no state of Karst. "
            "Choose an empty or a new folder: --state FOLDER",
        )


@contextmanager
def _locked(folder: Path) -> Generator[None]:
    lock = FileLock(folder / _LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise LocalError(Exit.IN_USE, f"{_who_runs(folder)} Stop it first, or choose another: --state FOLDER") from None
    try:
        yield
    finally:
        lock.release()


def _who_runs(folder: Path) -> str:
    try:
        running = json.loads((folder / _RUNNING).read_text(encoding="utf-8"))
        return f"{folder} is in use by process {running['process']}, which serves {running['url']}."
    except (OSError, ValueError, KeyError, TypeError):
        return f"{folder} is in use by another run that is just starting."


def _check_marker(folder: Path, deployment: str) -> None:
    path = folder / _MARKER
    if not path.exists():
        return
    try:
        marker = json.loads(path.read_text(encoding="utf-8"))
        found, owner, maker = int(marker["format"]), str(marker["deployment"]), str(marker["karst"])
    except (ValueError, KeyError, TypeError):
        raise LocalError(Exit.FOREIGN_STATE, f"{path} is broken. To begin anew, losing all data: --fresh") from None
    if found > FORMAT:
        raise LocalError(
            Exit.FOREIGN_STATE,
            f"{folder} was written by Karst {maker}, which is newer (format {found}, this Karst knows {FORMAT}). "
            "Use the newer Karst, or another folder: --state FOLDER",
        )
    if owner != deployment:
        raise LocalError(
            Exit.FOREIGN_STATE,
            f"{folder} belongs to the deployment {owner}, not {deployment}. Choose another folder: --state FOLDER",
        )


def _empty(folder: Path) -> None:
    for path in folder.iterdir():
        if path.name == _LOCK:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _need_space(folder: Path, needed_bytes: int) -> None:
    if shutil.disk_usage(folder).free < needed_bytes:
        raise disk_full(folder, needed_bytes)
