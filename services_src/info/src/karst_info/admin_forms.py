"""Rows as forms: what stands in the fields, which volumes there are to choose, and what people should look at."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from karst_info.catalogue import Catalogue
from karst_info.changes import Row, digest, values_of
from karst_info.checking import DATASTACKS, VOLUMES, Kind, Value, check
from karst_platform.pages import Choice, Field, Form
from karst_platform.pages import Kind as Look

SEEN = "seen"
"""The hidden field with the digest of what a form showed."""
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A row as a list shows it."""

    row: Row
    volume: str
    """Name of its aligned volume; blank where it has none."""
    source: str
    """Where its data stand."""
    notes: Sequence[str]
    """What people should look at."""
    is_declared: bool


def rows_of(kind: Kind, known: Catalogue) -> list[Row]:
    """All rows of a kind, by name."""
    found: Iterable[Row]
    if kind is VOLUMES:
        found = (each.row for each in known.volumes.values())
    elif kind is DATASTACKS:
        found = (each.row for each in known.datastacks.values())
    else:
        found = known.mirrors
    return sorted(found, key=lambda row: (row.name.lower(), row.id))


def listed(kind: Kind, row: Row, known: Catalogue) -> Listed:
    """A row as a list shows it."""
    values = values_of(kind, row)
    checked = check(kind, values)
    of_volume = known.volumes_by_id.get(int(values.get("aligned_volume") or 0))
    source = values.get("image_source") or values.get("segmentation_source") or ""
    return Listed(
        row=row,
        volume=of_volume.name if of_volume is not None else "",
        source=str(source),
        notes=(*checked.faults.values(), *checked.advice.values()),
        is_declared=(kind.name, row.id) in known.declared,
    )


def fields_of(kind: Kind, known: Catalogue) -> list[Field]:
    """The fields of a form."""
    volumes = [Choice(str(each.row.id), each.name) for each in known.volumes.values()]
    fields: list[Field] = []
    for each in kind.fields:
        is_volume = each.name == "aligned_volume"
        look = Look.CHOICE if is_volume else Look.LINES if each.is_long else Look.TEXT
        fields.append(
            Field(
                name=each.name,
                label=each.label,
                kind=look,
                hint=each.help,
                choices=volumes if is_volume else (),
                is_required=each.is_required,
                longest=None if is_volume else each.longest,
            )
        )
    return [*fields, Field(name=SEEN, label="", kind=Look.HIDDEN)]


def form_of(kind: Kind, known: Catalogue, row: Row | None) -> Form:
    """A form with what a row holds, or a blank one."""
    values = values_of(kind, row) if row is not None else {}
    texts = {name: text_of(value) for name, value in values.items()}
    return Form(fields=fields_of(kind, known), values={**texts, **({SEEN: digest(values)} if row is not None else {})})


def refused_form(kind: Kind, known: Catalogue, told: Mapping[str, str], faults: Mapping[str, str]) -> Form:
    """A form as somebody sent it, with what is wrong."""
    return Form(fields=fields_of(kind, known), values=told, errors=faults)


def text_of(value: Value) -> str:
    """A value as it stands in a form."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)


def csv_of(kind: Kind, rows: Iterable[Row], known: Catalogue) -> str:
    """All rows as a table for spreadsheets, which take no cell of it for a formula."""
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(["id", *(each.name for each in kind.fields)])
    for row in rows:
        values = values_of(kind, row)
        if "aligned_volume" in values:
            volume = known.volumes_by_id.get(int(values["aligned_volume"] or 0))
            values["aligned_volume"] = volume.name if volume is not None else None
        writer.writerow([str(row.id), *(_cell(text_of(each)) for each in values.values())])
    return written.getvalue()


def _cell(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULAS) else text
