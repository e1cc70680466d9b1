"""What a type of annotations is declared with: kinds of fields, points, and the type itself.

    AnnotationType(
        name="spine", class_name="Spine", description="A spine of a dendrite.",
        fields=(bound_point("pt", "The spine's head"), decimal("volume", "In cubic micrometers", is_required=False)),
    )

Every annotation may also say whether it is `valid`; nobody declares that.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_FIELD_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}")
_CLASS_NAME = re.compile(r"[A-Z][A-Za-z0-9]{0,62}")


class DeclarationError(ValueError):
    """A declaration that means nothing; the text says what to write."""


class Kind(StrEnum):
    """What a field holds."""

    BOOLEAN = "true or false"
    TEXT = "text"
    DECIMAL = "number"
    INTEGER = "whole number of 32 bits"
    BIG_INTEGER = "whole number of 64 bits"
    USER = "id of the user who calls; the server fills it in and never takes it from a client"
    REFERENCE = "id of an annotation of another table, which the table's metadata names"
    POSITION = "place in voxels: x, y, z"
    SUPERVOXEL = "id of a supervoxel; looked up from the place"
    ROOT = "id of a segment; looked up from the supervoxel"


Choice = str | int
Default = bool | str


@dataclass(frozen=True, kw_only=True)
class Field:
    """A field that holds one value."""

    name: str
    kind: Kind
    description: str
    is_required: bool = True
    choices: tuple[Choice, ...] = ()
    """The only values that it may have; any, where there are none."""
    default: Default | None = None
    is_indexed: bool = False
    """Whether queries find annotations by it."""


@dataclass(frozen=True, kw_only=True)
class Point:
    """A place, and what is there."""

    class_name: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, kw_only=True)
class PointField:
    """A field that holds a point."""

    name: str
    point: Point
    description: str
    is_required: bool = True
    order: int | None = None
    """Its place among the points of the annotation, for viewers that draw a line through them."""


@dataclass(frozen=True, kw_only=True)
class AnnotationType:
    """A type of annotations. Raises `DeclarationError` where the declaration means nothing."""

    name: str
    """What users call it; it never changes, for tables keep it."""
    class_name: str
    """Its name among the definitions of its document, from which clients make names of classes."""
    description: str
    fields: tuple[Field | PointField, ...]
    takes_more: bool = True
    """Whether an annotation may have fields that nobody declared; only points may not."""

    def __post_init__(self) -> None:
        """Refuse what can't be a document or a table."""
        _check_name(self.name, _NAME, self, "lower case letters, digits and _")
        _check_name(self.class_name, _CLASS_NAME, self, "letters and digits, a capital letter first")
        _check_description(self.description, self, "it")
        names = [each.name for each in self.fields]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise DeclarationError(f"{self.name} has {', '.join(twice)} twice. Rename one of them")
        for each in self.fields:
            _check_name(each.name, _FIELD_NAME, self, "letters, digits and _")
            _check_description(each.description, self, each.name)
            if isinstance(each, Field):
                _check_choices(each, self)

    @property
    def members(self) -> tuple[Field | PointField, ...]:
        """All its fields: `valid` comes first, unless the declaration gives it another place."""
        has_place = not self.takes_more or VALID in self.fields
        return self.fields if has_place else (VALID, *self.fields)


def flag(name: str, description: str, *, is_required: bool = True, default: bool | None = None) -> Field:
    """True or false."""
    return Field(name=name, kind=Kind.BOOLEAN, description=description, is_required=is_required, default=default)


def text(
    name: str,
    description: str,
    *,
    choices: tuple[str, ...] = (),
    is_required: bool = True,
    default: str | None = None,
    is_indexed: bool = False,
) -> Field:
    """Words; with `choices`, one of these."""
    return Field(
        name=name,
        kind=Kind.TEXT,
        description=description,
        is_required=is_required,
        choices=choices,
        default=default,
        is_indexed=is_indexed,
    )


def decimal(name: str, description: str, *, is_required: bool = True) -> Field:
    """A number with digits after the point. Say in the description what its unit is."""
    return Field(name=name, kind=Kind.DECIMAL, description=description, is_required=is_required)


def integer(
    name: str,
    description: str,
    *,
    choices: tuple[int, ...] = (),
    is_required: bool = True,
    is_indexed: bool = False,
) -> Field:
    """A whole number of up to nine digits, such as a count."""
    return Field(
        name=name,
        kind=Kind.INTEGER,
        description=description,
        is_required=is_required,
        choices=choices,
        is_indexed=is_indexed,
    )


def big_integer(name: str, description: str, *, is_required: bool = True) -> Field:
    """A whole number as large as ids of segments are."""
    return Field(name=name, kind=Kind.BIG_INTEGER, description=description, is_required=is_required)


def user_id(name: str, description: str, *, is_required: bool = True) -> Field:
    """Who made the annotation: the server knows, whatever the client says."""
    return Field(name=name, kind=Kind.USER, description=description, is_required=is_required)


def reference(description: str) -> Field:
    """The annotation that this one is about; it goes when that one goes. A type has one at the most."""
    return Field(name="target_id", kind=Kind.REFERENCE, description=description, is_indexed=True)


def point(name: str, description: str, *, is_required: bool = True, order: int | None = None) -> PointField:
    """A place."""
    return PointField(name=name, point=SPATIAL_POINT, description=description, is_required=is_required, order=order)


def bound_point(name: str, description: str, *, is_required: bool = True, order: int | None = None) -> PointField:
    """A place in a cell: whatever segment is there belongs to the annotation, through all proofreading."""
    return PointField(name=name, point=BOUND_POINT, description=description, is_required=is_required, order=order)


def derived_point(name: str, description: str) -> PointField:
    """A place in a cell, known by a chunk of the segmentation."""
    return PointField(name=name, point=DERIVED_POINT, description=description)


def _looked_up(name: str, kind: Kind, description: str, *, is_indexed: bool = False) -> Field:
    return Field(name=name, kind=kind, description=description, is_required=False, is_indexed=is_indexed)


_POSITION = Field(name="position", kind=Kind.POSITION, description="x, y and z in voxels.", is_indexed=True)
_SUPERVOXEL = _looked_up("supervoxel_id", Kind.SUPERVOXEL, "The supervoxel at the position.")
_ROOT = _looked_up("root_id", Kind.ROOT, "The segment at the position, of the version that is asked.", is_indexed=True)

SPATIAL_POINT = Point(class_name="SpatialPoint", fields=(_POSITION,))
BOUND_POINT = Point(class_name="BoundSpatialPoint", fields=(*SPATIAL_POINT.fields, _SUPERVOXEL, _ROOT))
DERIVED_POINT = Point(
    class_name="DerivedSpatialPoint",
    fields=(
        *BOUND_POINT.fields,
        big_integer("dependent_chunk", "The chunk that held the point when the annotation was made."),
        big_integer("level", "Level of that chunk.", is_required=False),
    ),
)
VALID = flag("valid", "Whether the annotation counts.", is_required=False, default=False)


def _check_name(name: str, pattern: re.Pattern[str], of: AnnotationType, form: str) -> None:
    if not pattern.fullmatch(name):
        raise DeclarationError(f"{of.name}: '{name}' can't be a name. Use {form}")


def _check_description(description: str, of: AnnotationType, what: str) -> None:
    if not description.strip():
        raise DeclarationError(f"{of.name}: say in the description of {what} what it means")


def _check_choices(field: Field, of: AnnotationType) -> None:
    of_kind = {Kind.TEXT: str, Kind.INTEGER: int}.get(field.kind)
    if {type(each) for each in field.choices} - {of_kind}:
        raise DeclarationError(f"{of.name}.{field.name}: the choices are of another kind than the field")
    if field.choices and field.default is not None and field.default not in field.choices:
        raise DeclarationError(f"{of.name}.{field.name}: the default {field.default!r} is none of the choices")
