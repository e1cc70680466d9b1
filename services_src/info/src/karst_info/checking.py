"""What rows may hold: each field of each kind, how it is read from a form, and what is wrong with a value.

Names of fields are those of the columns, and of the forms that scripts for upstream fill in; `aligned_volume` is an id.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from karst_info import sources
from karst_info.model import AlignedVolume, Datastack, ImageSource

Value = str | int | float | None
Values = Mapping[str, Value]
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_LONGEST_TEXT = 10_000
_LARGEST_LINK = 2**53 - 1
"""Viewers read ids of states as numbers of JavaScript."""
_LARGEST_ID = 2**31 - 1


class UnreadableError(ValueError):
    """A text that is no such value; the message says what to write."""


@dataclass(frozen=True, kw_only=True)
class Field:
    """One field of a row."""

    name: str
    label: str
    help: str = ""
    is_required: bool = False
    longest: int = 100
    check: sources.Check | None = None
    advice: sources.Check | None = None
    read: Callable[[str], Value] = str
    is_long: bool = False
    """Whether it is a text of several lines."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """Aligned volumes, mirrors, or datastacks."""

    name: str
    """As it stands in addresses of the administration."""
    title: str
    plural: str
    model: type[AlignedVolume | ImageSource | Datastack]
    fields: tuple[Field, ...] = field(default=())

    def column(self, name: str) -> str:
        """The column that a field is kept in."""
        return "aligned_volume_id" if name == "aligned_volume" else name


def _name(text: str) -> str | None:
    if _NAME.fullmatch(text):
        return None
    return "may hold letters, digits, '_', '-' and '.', and begins with a letter, a digit or '_'."


def _plain(text: str) -> str | None:
    return (
        "holds characters that can't be shown."
        if any(ord(each) < 32 for each in text if each not in "\n\r\t")
        else None
    )


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise UnreadableError("is no number.") from None
    if not math.isfinite(value) or value <= 0:
        raise UnreadableError("is no size of a voxel. Write nanometres, such as 4 or 40.")
    return value


def _whole(largest: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) <= 19) or not 0 < int(text) <= largest:
            raise UnreadableError("is no id. Write a whole number above 0.")
        return int(text)

    return read


_NAMED = Field(
    name="name", label="Name", is_required=True, check=_name, help="Stands in addresses. Clients and grants know it."
)
_DISPLAYED = Field(name="display_name", label="Name for people")
_DESCRIBED = Field(name="description", label="Description", longest=_LONGEST_TEXT, is_long=True)
_IMAGES = Field(
    name="image_source",
    label="Images",
    is_required=True,
    longest=sources.LONGEST,
    check=sources.image,
    advice=sources.advice,
    help="precomputed://gs://bucket/folder or precomputed://https://host/folder",
)
_OF_VOLUME = Field(name="aligned_volume", label="Aligned volume", is_required=True, read=_whole(_LARGEST_ID))
_LAYER = Field(name="viewer_layer_name", label="Layer", help="Name of the layer in viewers.")

VOLUMES = Kind(
    name="alignedvolume",
    title="Aligned volume",
    plural="Aligned volumes",
    model=AlignedVolume,
    fields=(_NAMED, _DISPLAYED, _DESCRIBED, _IMAGES),
)
MIRRORS = Kind(
    name="imagesource",
    title="Image mirror",
    plural="Image mirrors",
    model=ImageSource,
    fields=(_NAMED, _LAYER, _OF_VOLUME, _IMAGES, _DESCRIBED),
)
DATASTACKS = Kind(
    name="datastack",
    title="Datastack",
    plural="Datastacks",
    model=Datastack,
    fields=(
        _NAMED,
        _DISPLAYED,
        _DESCRIBED,
        _OF_VOLUME,
        Field(
            name="segmentation_source",
            label="Segmentation",
            longest=sources.LONGEST,
            check=sources.segmentation,
            help="graphene://https://host/segmentation/table/name or precomputed://gs://bucket/folder",
        ),
        Field(
            name="skeleton_source",
            label="Skeletons",
            longest=sources.LONGEST,
            check=sources.skeletons,
            advice=sources.advice,
            help="precomputed://https://host/folder",
        ),
        Field(
            name="local_server",
            label="Local server",
            is_required=True,
            longest=sources.LONGEST,
            check=sources.server,
            help="https://host, where annotations and materializations are served",
        ),
        Field(
            name="viewer_site",
            label="Viewer",
            longest=sources.LONGEST,
            check=sources.site,
            advice=sources.advice,
            help="https://host of a neuroglancer",
        ),
        _LAYER,
        Field(name="viewer_resolution_x", label="Voxel, x", read=_number, help="nm"),
        Field(name="viewer_resolution_y", label="Voxel, y", read=_number, help="nm"),
        Field(name="viewer_resolution_z", label="Voxel, z", read=_number, help="nm"),
        Field(
            name="base_link_id",
            label="Base state",
            read=_whole(_LARGEST_LINK),
            help="Id of a stored state that links start from.",
        ),
        Field(name="analysis_database", label="Database", help="Database of annotations and materializations."),
        Field(name="synapse_table", label="Table of synapses"),
        Field(name="soma_table", label="Table of cell bodies"),
        Field(name="proofreading_status_table", label="Table of proofreading status"),
        Field(name="proofreading_review_table", label="Table of reviews"),
        Field(name="cell_identification_table", label="Table of cell types"),
    ),
)
KINDS = {kind.name: kind for kind in (DATASTACKS, VOLUMES, MIRRORS)}


@dataclass(frozen=True, kw_only=True)
class Checked:
    """Values of a row that were looked at: what is wrong with them, and what might be better, by field."""

    values: dict[str, Value]
    faults: dict[str, str]
    advice: dict[str, str]


def read_form(kind: Kind, told: Mapping[str, str]) -> Checked:
    """Read the fields of a form; what it doesn't have is left out. Blanks at the ends go, and nothing is None."""
    values: dict[str, Value] = {}
    faults: dict[str, str] = {}
    for each in kind.fields:
        if each.name not in told:
            continue
        text = told[each.name].replace("\r\n", "\n").strip()
        try:
            values[each.name] = each.read(text) if text else None
        except UnreadableError as error:
            faults[each.name] = f"{each.label} {error}"
    return Checked(values=values, faults=faults, advice={})


def check(kind: Kind, values: Values, before: Values | None = None) -> Checked:
    """Look at the values of a new row, or at those that differ from `before`: older mistakes are nobody's now."""
    faults: dict[str, str] = {}
    advice: dict[str, str] = {}
    for each in kind.fields:
        if before is not None and (each.name not in values or values[each.name] == before[each.name]):
            continue
        value = values.get(each.name)
        wrong = _fault(each, value)
        if wrong is not None:
            faults[each.name] = f"{each.label} {wrong}"
        elif each.advice is not None and value is not None and (better := each.advice(str(value))) is not None:
            advice[each.name] = f"{each.label} {better}"
    return Checked(values=dict(values), faults=faults, advice=advice)


def _fault(each: Field, value: Value) -> str | None:
    if value is None:
        return "is missing." if each.is_required else None
    text = str(value)
    if len(text) > each.longest:
        return f"is longer than {each.longest} characters."
    return _plain(text) or (each.check(text) if each.check is not None else None)
