"""`datasets.json` as far as this program needs it: strict, for what isn't understood must not be taken for removed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError, model_validator

from karst_reconcile.faults import Exit, ReconcileError

VERSION = 1
_LARGEST_BYTES = 64 << 20
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$", max_length=100)]
"""As it stands in addresses."""
Shown = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]*$", max_length=120, strip_whitespace=True)]
"""On one line."""
Address = Annotated[
    str, StringConstraints(pattern=r"^[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+$", max_length=120, to_lower=True)
]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Group(_Part):
    """A group, what it may do, and who belongs to it."""

    permissions: tuple[Name, ...] = ()
    members: tuple[Address, ...] = ()


class Table(_Part):
    """A name in a namespace, and the dataset that decides about it."""

    service: Name
    table: Name
    dataset: Name


class Mirror(_Part):
    """Another place with the same images."""

    name: Name
    source: str
    layer: str | None = None
    description: str = ""


class Stack(_Part):
    """A datastack as clients are told of it."""

    name: Name
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


class Dataset(_Part):
    """One dataset."""

    name: Name
    auth_dataset: Name
    groups: dict[Name, Group]
    table_mappings: tuple[Table, ...]
    terms_of_service: Annotated[Shown, StringConstraints(max_length=80)] | None = None
    aligned_volume: Name
    aligned_volume_display_name: str | None = None
    aligned_volume_description: str = ""
    image_source: str
    image_mirrors: tuple[Mirror, ...] = ()
    database: str | None = None
    datastacks: tuple[Stack, ...]


class ServiceAccount(_Part):
    """A user without a person, and where its token is kept."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", max_length=60)]
    groups: tuple[Name, ...] = ()
    secret: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]+$", max_length=255)]
    """Name of the secret that gets the token."""


class Document(_Part):
    """The whole file."""

    version: int
    deployment: Name
    datasets: tuple[Dataset, ...]
    service_accounts: tuple[ServiceAccount, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for what, names in (
            ("datastack", [stack.name for each in self.datasets for stack in each.datastacks]),
            ("aligned volume", [each.aligned_volume for each in self.datasets]),
            ("service account", [each.name for each in self.service_accounts]),
        ):
            if twice := sorted({name for name in names if names.count(name) > 1}):
                raise ValueError(f"the {what} {twice[0]!r} is declared twice")
        for table, datasets in self.tables().items():
            if len(datasets) > 1:
                raise ValueError(f"{'/'.join(table)} belongs to {' and to '.join(sorted(datasets))}")
        terms: dict[str, str] = {}
        for each in self.datasets:
            if each.terms_of_service and terms.setdefault(each.auth_dataset, each.terms_of_service) != (
                each.terms_of_service
            ):
                raise ValueError(f"the auth dataset {each.auth_dataset!r} has two terms of service")
        known = {each.auth_dataset for each in self.datasets}
        for dataset in self.datasets:
            for table in dataset.table_mappings:
                if table.dataset not in known:
                    raise ValueError(f"{table.service}/{table.table} belongs to {table.dataset}, which isn't declared")
        return self

    def tables(self) -> dict[tuple[str, str], set[str]]:
        """Names of datasets by service and table."""
        found: dict[tuple[str, str], set[str]] = {}
        for each in self.datasets:
            for table in each.table_mappings:
                found.setdefault((table.service, table.table), set()).add(table.dataset)
        return found


def read_document(text: bytes, origin: str) -> Document:
    """Read the file's content. Raises ReconcileError that says where it is wrong."""
    if len(text) > _LARGEST_BYTES:
        raise ReconcileError(Exit.USAGE, f"{origin} is larger than {_LARGEST_BYTES >> 20} MiB: no datasets.json")
    try:
        told = json.loads(text)
    except (ValueError, RecursionError) as error:
        where = f"line {error.lineno}, column {error.colno}" if isinstance(error, json.JSONDecodeError) else "its text"
        raise ReconcileError(
            Exit.USAGE, f"{origin} is no JSON, or is cut off ({where}). Nothing was changed; write it anew"
        ) from None
    if not isinstance(told, dict) or "version" not in told:
        raise ReconcileError(Exit.USAGE, f"{origin} is no datasets.json: it names no version. Nothing was changed")
    if told["version"] != VERSION:
        raise ReconcileError(
            Exit.USAGE,
            f"{origin} has the version {str(told['version'])[:40]!r}; this Karst knows {VERSION}. Use the Karst that "
            "wrote it. Nothing was changed",
        )
    try:
        return Document.model_validate(told)
    except ValidationError as error:
        lines = "\n".join(_faults(error))
    raise ReconcileError(Exit.USAGE, f"{origin} can't be used, and nothing was changed:\n{lines}")


def read_file(path: Path) -> Document:
    """Read the file. Raises ReconcileError."""
    try:
        text = path.read_bytes()
    except OSError as error:
        raise ReconcileError(
            Exit.USAGE, f"{path} can't be read ({error.strerror or type(error).__name__}). Nothing was changed"
        ) from None
    return read_document(text, str(path))


def _faults(error: ValidationError) -> Iterator[str]:
    for fault in error.errors(include_input=False, include_url=False, include_context=False)[:10]:
        place = ".".join(map(str, fault["loc"]))
        message = fault["msg"].removeprefix("Value error, ")
        yield f"  {place}: {message}" if place else f"  {message}"
