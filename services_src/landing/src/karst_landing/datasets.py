"""The deployment's datasets, from `datasets.json`, read again when the file changes."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from karst_landing.settings import SafeUrl

LARGEST_FILE_BYTES = 64 * 1024 * 1024
_log = logging.getLogger(__name__)
_safe_url: TypeAdapter[str] = TypeAdapter(SafeUrl)


def _link_or_none(text: str | None) -> str | None:
    """Drop what is no link that a page may carry, such as `javascript:...`; the rest of the dataset is still shown."""
    try:
        return None if text is None else _safe_url.validate_python(text)
    except ValidationError:
        return None


class Datastack(BaseModel):
    """An aligned volume paired with a segmentation, as far as the page shows it."""

    model_config = ConfigDict(frozen=True)

    name: str
    display_name: str = ""
    description: str = ""
    viewer_site: Annotated[str | None, AfterValidator(_link_or_none)] = None


class Dataset(BaseModel):
    """A dataset, as far as the page shows it; other keys of the file are none of its business."""

    model_config = ConfigDict(frozen=True)

    name: str
    title: str = ""
    description: str = ""
    public: bool = False
    aligned_volume: str = ""
    resolution_nm: tuple[float, float, float] | None = None
    datastacks: tuple[Datastack, ...] = ()


class _Document(BaseModel):
    version: int = Field(ge=1, le=1)
    datasets: tuple[Dataset, ...]


@dataclass(frozen=True, kw_only=True)
class Listing:
    """What is known of the datasets; `problem` says in one line why it may be old or empty."""

    datasets: tuple[Dataset, ...] = ()
    problem: str | None = None


class DatasetsFile:
    """The file and what was last read from it. Never raises: a front page must not fail for a missing list."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._seen: tuple[int, int, int] | None = None
        self._listing = Listing()

    def listing(self) -> Listing:
        """Look at the file's time and size, and read it again when they are new."""
        with self._lock:
            try:
                stat = self._path.stat()
            except OSError as error:
                self._seen = None
                self._fail(f"The list of datasets cannot be found ({type(error).__name__}).")
                return self._listing
            seen = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
            if seen != self._seen:
                self._seen = seen
                self._read(stat.st_size)
            return self._listing

    def _read(self, size_bytes: int) -> None:
        if size_bytes > LARGEST_FILE_BYTES:
            self._fail("The list of datasets is too large.")
            return
        try:
            document = _Document.model_validate_json(self._path.read_bytes())
        except OSError as error:
            self._fail(f"The list of datasets cannot be read ({type(error).__name__}).")
        except ValidationError as error:
            self._fail(f"The list of datasets is broken ({error.error_count()} mistakes).")
        else:
            self._listing = Listing(datasets=document.datasets)

    def _fail(self, problem: str) -> None:
        if self._listing.problem != problem:
            _log.error("%s", problem, extra={"fields": {"path": str(self._path)}})
        self._listing = replace(self._listing, problem=problem)
