"""The files of an export: JSON a line, compressed, and a last one that says how many there are."""

from __future__ import annotations

import gzip
import json
import os
import zlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from karst_nglstate.record import LARGEST_ID, Column, Record, Visibility
from karst_platform.exits import CommandError, Exit

FORMAT = 1
_SUMMARY, _STATES = "export.json", "states.jsonl.gz"
_QUICK = 3


@dataclass(kw_only=True)
class Counts:
    """How many there are of each."""

    states: int = 0
    properties: int = 0
    left_out: list[int] = field(default_factory=list[int])
    """Ids whose content is nowhere, or damaged."""

    def add(self, column: Column) -> None:
        """Count one."""
        self.states += column is Column.STATE
        self.properties += column is Column.PROPERTIES

    @property
    def total(self) -> int:
        """How many there are."""
        return self.states + self.properties


class Writer:
    """Writes states."""

    def __init__(self, file: gzip.GzipFile) -> None:
        self._file = file

    def write(self, record: Record, text: bytes) -> None:
        """Write one; the text stands in it letter by letter."""
        line = {
            "id": record.id,
            "column": record.column.value,
            "user_id": record.user_id,
            "created": record.created.isoformat(),
            "visibility": record.visibility.value,
            "text": text.decode("utf-8"),
        }
        self._file.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")


@contextmanager
def writing(folder: Path, counts: Counts) -> Generator[Writer]:
    """Write an export; without its last file, which `counts` fill, nobody takes it for a whole one."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    (folder / _SUMMARY).unlink(missing_ok=True)
    draft = folder / f".{_STATES}.new"
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as raw:
        with gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=_QUICK, filename="") as file:
            yield Writer(file)
        raw.flush()
        os.fsync(raw.fileno())
    draft.replace(folder / _STATES)
    summary = {"format": FORMAT, "states": counts.states, "properties": counts.properties}
    (folder / _SUMMARY).write_text(json.dumps(summary) + "\n", encoding="utf-8")


def read_counts(folder: Path) -> Counts:
    """What a whole export says it holds. Raises CommandError."""
    try:
        told = cast("dict[str, Any]", json.loads((folder / _SUMMARY).read_text(encoding="utf-8")))
        found, counts = int(told["format"]), Counts(states=int(told["states"]), properties=int(told["properties"]))
    except FileNotFoundError:
        raise CommandError(Exit.USAGE, f"{folder} holds no whole export. Run the export again") from None
    except (ValueError, KeyError, TypeError):
        raise CommandError(Exit.DAMAGED, f"{folder / _SUMMARY} can't be read. Run the export again") from None
    if found > FORMAT:
        raise CommandError(Exit.DAMAGED, f"{folder} was written by a newer Karst (format {found}). Use that one")
    return counts


def read(folder: Path) -> Iterator[tuple[Record, bytes]]:
    """All states of an export. Raises CommandError."""
    number = 0
    try:
        with gzip.open(folder / _STATES, "rb") as file:
            for line in file:
                yield _read(line)
                number += 1
    except (EOFError, zlib.error, gzip.BadGzipFile, ValueError, KeyError, TypeError, FileNotFoundError) as error:
        message = f"{folder / _STATES} is damaged after line {number} ({type(error).__name__}). Copy it again"
        raise CommandError(Exit.DAMAGED, message) from error


def _read(line: bytes) -> tuple[Record, bytes]:
    told = cast("dict[str, Any]", json.loads(line))
    state_id = told["id"]
    if not isinstance(state_id, int) or not 0 < state_id <= LARGEST_ID:
        raise ValueError("no id")
    record = Record(
        id=state_id,
        column=Column(told["column"]),
        user_id=str(told["user_id"]),
        created=datetime.fromisoformat(told["created"]).astimezone(UTC),
        visibility=Visibility(told.get("visibility", Visibility.SHARED)),
    )
    return record, str(told["text"]).encode("utf-8")
