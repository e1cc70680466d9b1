"""Annotations of points, lines and spheres, as clients send them and as they are shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, WrapValidator, model_validator

from karst_platform.stores.documents import Document, Fields, Json

_LARGEST, _SMALLEST = 2**63 - 1, -(2**63)
_NO_COORDINATE = "coordinates are whole numbers of up to 64 bits, like 18416"
_PREFIX = {"point": "Pt", "lineseg": "Ln", "sphere": "Sp"}
_NUMBERS = {"point": 3, "lineseg": 6, "sphere": 6}
_SHOWN = ("kind", "pos", "prop", "tags", "title", "description")


def _number(value: object) -> int:
    """A coordinate: doubles, which R sends, lose what follows the point; texts of numbers count as numbers."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(_NO_COORDINATE)  # noqa: TRY004 - pydantic wants a ValueError
    try:
        number = _parsed(value) if isinstance(value, str) else int(value)
    except (ValueError, OverflowError):  # text that is none, NaN and infinity
        raise ValueError(_NO_COORDINATE) from None
    if not _SMALLEST <= number <= _LARGEST:
        raise ValueError(_NO_COORDINATE)
    return number


def _parsed(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        return int(float(text))


def _numbers(value: object) -> object:
    return [_number(each) for each in value] if isinstance(value, Sequence) and not isinstance(value, str) else value


class Annotation(BaseModel):
    """An annotation. Other fields than these are dropped."""

    model_config = ConfigDict(
        extra="ignore",
        json_schema_extra={
            "examples": [{"kind": "point", "pos": [18416, 16369, 26467], "tags": ["soma"], "title": "T", "prop": {}}]
        },
    )

    kind: Literal["point", "lineseg", "sphere"]
    pos: Annotated[list[int], BeforeValidator(_numbers)] = Field(
        description="Three numbers for a point, six for a line and a sphere, in voxels."
    )
    prop: dict[str, object] | None = Field(default=None, description="What an application keeps with it.")
    tags: list[str] | None = None
    title: str | None = None
    description: str | None = None
    user: str | None = Field(default=None, description="Whose it is; the caller's where this is missing.")

    @model_validator(mode="after")
    def _has_its_numbers(self) -> Self:
        if len(self.pos) != _NUMBERS[self.kind]:
            raise ValueError(f"pos of a {self.kind} has {_NUMBERS[self.kind]} numbers, not {len(self.pos)}")
        return self

    @property
    def key(self) -> str:
        """Its key: annotations of one user with the same key are the same annotation."""
        return _PREFIX[self.kind] + "_".join(map(str, self.pos))

    def sent(self) -> dict[str, Json]:
        """The fields that were sent, without the user."""
        return {name: getattr(self, name) for name in _SHOWN if name in self.model_fields_set}


_MANY = TypeAdapter(list[Annotation])


def _one_or_many(value: object, _: object) -> Annotation | list[Annotation]:
    """Read what it is, so that errors speak of nothing else."""
    return _MANY.validate_python(value) if isinstance(value, list) else Annotation.model_validate(value)


Posted = Annotated[Annotation | list[Annotation], WrapValidator(_one_or_many)]
"""One annotation or a list of them."""


class Shown(BaseModel):
    """An annotation as it is shown: all fields are there, unset ones null."""

    user: str
    key: str
    kind: str | None
    pos: list[int] | None
    prop: dict[str, object] = Field(description="Never null: viewers refuse that.")
    tags: list[str] | None
    title: str | None
    description: str | None


def shown(user: str, stored: Document) -> dict[str, Json]:
    """A stored annotation as `Shown`."""
    fields = stored.fields
    item: dict[str, Json] = {"user": user, "key": stored.id} | {name: fields.get(name) for name in _SHOWN}
    item["prop"] = item["prop"] or {}
    return item


def merged(stored: Fields | None, sent: Fields, kept: frozenset[str]) -> Fields:
    """Put the fields that were sent over the stored ones, except for those of `kept` that hold something."""
    if stored is None:
        return sent
    return {**stored, **{name: value for name, value in sent.items() if not (name in kept and stored.get(name))}}
