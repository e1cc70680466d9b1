"""What the deployment declares: aligned volumes, mirrors and datastacks of `datasets.json`, there from the start on.

What is declared counts, whatever was written by hand; fields that nobody declares stay. Nothing is ever deleted here: a
dataset that is no longer declared stays until somebody deletes it on the pages of administration.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel, Field, ValidationError
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from karst_info.changes import Row, values_of
from karst_info.checking import DATASTACKS, MIRRORS, VOLUMES, Kind, Value, check
from karst_info.current import Current
from karst_info.model import ImageSource
from karst_platform.relational import Relational
from karst_platform.stores.documents import ContentionError, StoreUnavailableError, UnstorableError

LOOK_S = 5.0
_LARGEST_BYTES = 64 << 20
_LOCK = 0x6B61727377  # any number that only we use
_log = logging.getLogger(__name__)


class DeclaredError(ValueError):
    """The file can't be read; the message says where it is wrong."""


class _Mirror(BaseModel):
    name: str
    source: str
    layer: str | None = None
    description: str = ""


class _Stack(BaseModel):
    name: str
    display_name: str | None = None
    description: str = ""
    layer: str | None = None
    segmentation_source: str | None = None
    skeleton_source: str | None = None
    local_server: str
    viewer_site: str | None = None
    viewer_resolution: tuple[float, float, float] | None = None
    base_link: int | None = None
    synapse_table: str | None = None
    soma_table: str | None = None
    proofreading_status_table: str | None = None
    proofreading_review_table: str | None = None
    cell_identification_table: str | None = None


class _Dataset(BaseModel):
    """A dataset, as far as this service is told of it; other keys are others' business."""

    name: str
    aligned_volume: str
    aligned_volume_display_name: str | None = None
    aligned_volume_description: str = ""
    image_source: str
    image_mirrors: tuple[_Mirror, ...] = ()
    database: str | None = None
    datastacks: tuple[_Stack, ...] = ()


class _Document(BaseModel):
    version: int = Field(ge=1, le=1)
    datasets: tuple[_Dataset, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A row that shall be there."""

    kind: Kind
    values: dict[str, Value]
    volume: str | None = None
    """The aligned volume that it belongs to, by name."""


@dataclass(frozen=True, kw_only=True)
class Declared:
    """Everything that a file declares and that can be."""

    rows: tuple[Wanted, ...] = ()
    faults: tuple[str, ...] = ()
    """What can't be, and why; the rest of its dataset is left out too."""
    names: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    """Names of declared rows, by name of the kind."""


def read_declared(path: Path) -> Declared:
    """Read the file. Raises DeclaredError."""
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise DeclaredError(f"{path} is too large")
        document = _Document.model_validate_json(path.read_bytes())
    except OSError as error:
        raise DeclaredError(f"{path} can't be read ({type(error).__name__})") from None
    except ValidationError as error:
        told = error.errors(include_input=False, include_url=False, include_context=False)
        places = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in told[:5])
        raise DeclaredError(f"{path}: {places}") from None
    rows: list[Wanted] = []
    faults: list[str] = []
    for dataset in document.datasets:
        wanted = list(_rows(dataset))
        wrong = [f"dataset {dataset.name}, {text}" for each in wanted for text in _faults(each)]
        faults += wrong
        rows += [] if wrong else wanted
    names = {kind.name: frozenset(_names(rows, kind)) for kind in (VOLUMES, MIRRORS, DATASTACKS)}
    return Declared(rows=tuple(rows), faults=tuple(faults), names=names)


async def apply_declared(database: Relational, declared: Declared) -> int:
    """Write what isn't as declared, all of it or nothing; return how many rows that were.

    Several processes may do so at once.
    """
    written = 0
    async with database.begin() as session:
        await session.execute(select(func.pg_advisory_xact_lock(_LOCK)))
        volumes: dict[str, int] = {}
        for wanted in declared.rows:
            values = dict(wanted.values)
            if wanted.volume is not None:
                values["aligned_volume"] = volumes[wanted.volume]
            row, is_new = await _written(session, wanted.kind, values)
            written += is_new
            if wanted.kind is VOLUMES:
                volumes[str(values["name"])] = row.id
    return written


class Declaring:
    """Keeps the tables as the file declares them, and looks at it again and again."""

    def __init__(self, path: Path, database: Relational, current: Current) -> None:
        self._path, self._database, self._current = path, database, current
        self._seen: tuple[int, int, int] | None = None
        self._missing: str | None = "What the deployment declares is still to be read."
        self._last_problem: str | None = None
        self.declared = Declared()

    def missing(self) -> str | None:
        """What keeps the service from being ready: nothing, once the file was looked at and what it says is there."""
        return self._missing

    async def keep(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_S if self._missing is None else 1)

    async def look(self) -> None:
        """Look at the file, and write what is new in it. A file that is broken changes nothing."""
        seen = self._stat()
        if seen == self._seen and self._missing is None:
            return
        try:
            declared = read_declared(self._path) if seen is not None else Declared()
            written = await apply_declared(self._database, declared) if declared.rows else 0
        except DeclaredError as error:
            self._problem(str(error))
            self._seen, self._missing = seen, None
        except (StoreUnavailableError, ContentionError, UnstorableError, DBAPIError) as error:
            self._problem(f"what is declared can't be written ({type(error).__name__})")
            self._missing = "What the deployment declares isn't written yet; is the database migrated?"
        else:
            self._seen, self._missing, self.declared = seen, None, declared
            for fault in declared.faults:
                self._problem(f"{fault} Correct it in the dataset's file; the dataset is left out")
            if written:
                _log.info("datasets declared", extra={"fields": {"written": written}})
                await self._current.refresh()

    def _stat(self) -> tuple[int, int, int] | None:
        try:
            stat = self._path.stat()
        except OSError:
            return None
        return stat.st_mtime_ns, stat.st_size, stat.st_ino

    def _problem(self, problem: str) -> None:
        if problem != self._last_problem:
            _log.error("%s", problem)
        self._last_problem = problem


def _rows(dataset: _Dataset) -> Iterator[Wanted]:
    volume = dataset.aligned_volume
    yield Wanted(
        kind=VOLUMES,
        values={
            "name": volume,
            "display_name": dataset.aligned_volume_display_name,
            "description": dataset.aligned_volume_description or None,
            "image_source": dataset.image_source,
        },
    )
    for mirror in dataset.image_mirrors:
        yield Wanted(
            kind=MIRRORS,
            volume=volume,
            values={
                "name": mirror.name,
                "viewer_layer_name": mirror.layer,
                "image_source": mirror.source,
                "description": mirror.description or None,
            },
        )
    for stack in dataset.datastacks:
        yield Wanted(kind=DATASTACKS, volume=volume, values=_datastack(stack, dataset.database))


def _datastack(stack: _Stack, database: str | None) -> dict[str, Value]:
    x, y, z = stack.viewer_resolution or (None, None, None)
    return {
        "name": stack.name,
        "display_name": stack.display_name,
        "description": stack.description or None,
        "viewer_layer_name": stack.layer,
        "segmentation_source": stack.segmentation_source,
        "skeleton_source": stack.skeleton_source,
        "local_server": stack.local_server,
        # Clients look for its version behind it, and take a viewer without one for an older kind.
        "viewer_site": (stack.viewer_site or "").rstrip("/") or None,
        "viewer_resolution_x": x,
        "viewer_resolution_y": y,
        "viewer_resolution_z": z,
        "base_link_id": stack.base_link,
        "analysis_database": database,
        "synapse_table": stack.synapse_table,
        "soma_table": stack.soma_table,
        "proofreading_status_table": stack.proofreading_status_table,
        "proofreading_review_table": stack.proofreading_review_table,
        "cell_identification_table": stack.cell_identification_table,
    }


def _faults(wanted: Wanted) -> Iterator[str]:
    values = {**wanted.values, **({"aligned_volume": 1} if wanted.volume is not None else {})}
    for text in check(wanted.kind, values).faults.values():
        yield f"{wanted.kind.title.lower()} {wanted.values['name']}: {text}"


def _names(rows: list[Wanted], kind: Kind) -> Iterator[str]:
    return (str(each.values["name"]) for each in rows if each.kind is kind)


async def _written(session: AsyncSession, kind: Kind, values: Mapping[str, Value]) -> tuple[Row, bool]:
    """The row of this name, made or changed where it isn't so already, and whether that was so."""
    query = select(kind.model).where(kind.model.name == values["name"])
    if kind is MIRRORS:  # several volumes may each have one of this name
        query = query.where(ImageSource.aligned_volume_id == values["aligned_volume"])
    row = await session.scalar(query)
    is_new = row is None
    row = row or kind.model()
    before: Mapping[str, Value] = {} if is_new else values_of(kind, row)
    differing = {name: value for name, value in values.items() if is_new or value not in (None, before[name])}
    for name, value in differing.items():
        setattr(row, kind.column(name), value)
    if is_new:
        session.add(row)
    if differing:
        await session.flush()
    return row, bool(differing)
