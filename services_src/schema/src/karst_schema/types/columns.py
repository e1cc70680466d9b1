"""The columns of a type in SQL: points become flat, and what depends on the segmentation stands in a table of its own.

A field `position` of a point `pt` is the column `pt_position`. Ids of supervoxels and segments change as cells are
proofread, so they stand beside the annotations, in `<table>__<segmentation>`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from karst_schema.types.declaring import AnnotationType, DeclarationError, Field, Kind, PointField

RESERVED = frozenset({"id", "created", "deleted", "superceded_id"})
"""Columns that every table of annotations has."""


class SqlType(StrEnum):
    """Types of PostgreSQL and PostGIS."""

    BOOLEAN = "boolean"
    TEXT = "varchar"
    DECIMAL = "double precision"
    INTEGER = "integer"
    BIG_INTEGER = "bigint"
    POINT = "geometry(PointZ)"


class Table(StrEnum):
    """Where a column stands."""

    ANNOTATION = "annotation"
    SEGMENTATION = "segmentation"


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column."""

    name: str
    path: tuple[str, ...]
    """Where its value stands in the JSON of an annotation."""
    kind: Kind
    sql: SqlType
    table: Table
    description: str
    is_required: bool
    """Whether an annotation must have a value; a part of a point that may be missing may be missing."""
    is_indexed: bool


_SQL: Mapping[Kind, SqlType] = {
    Kind.BOOLEAN: SqlType.BOOLEAN,
    Kind.TEXT: SqlType.TEXT,
    Kind.DECIMAL: SqlType.DECIMAL,
    Kind.INTEGER: SqlType.INTEGER,
    Kind.BIG_INTEGER: SqlType.BIG_INTEGER,
    Kind.USER: SqlType.BIG_INTEGER,
    Kind.REFERENCE: SqlType.BIG_INTEGER,
    Kind.POSITION: SqlType.POINT,
    Kind.SUPERVOXEL: SqlType.BIG_INTEGER,
    Kind.ROOT: SqlType.BIG_INTEGER,
}


def columns(annotation: AnnotationType) -> tuple[Column, ...]:
    """The columns of a type in their order. Raises `DeclarationError` where two fields would share one."""
    found = tuple(_columns(annotation))
    names = [each.name for each in found]
    if clashing := sorted(RESERVED.intersection(names) | {name for name in names if names.count(name) > 1}):
        raise DeclarationError(f"{annotation.name}: the column {', '.join(clashing)} is taken. Rename the field")
    if sum(each.kind is Kind.REFERENCE for each in found) > 1:
        raise DeclarationError(f"{annotation.name} refers to two annotations. A type has one reference at the most")
    return found


def _columns(annotation: AnnotationType) -> Iterator[Column]:
    for member in annotation.members:
        if isinstance(member, PointField):
            for part in member.point.fields:
                yield _column(part, (member.name, part.name), is_required=member.is_required and part.is_required)
        else:
            yield _column(member, (member.name,), is_required=member.is_required)


def _column(field: Field, path: tuple[str, ...], *, is_required: bool) -> Column:
    is_of_segmentation = field.kind in (Kind.SUPERVOXEL, Kind.ROOT)
    return Column(
        name="_".join(path),
        path=path,
        kind=field.kind,
        sql=_SQL[field.kind],
        table=Table.SEGMENTATION if is_of_segmentation else Table.ANNOTATION,
        description=field.description,
        is_required=is_required,
        is_indexed=field.is_indexed,
    )
