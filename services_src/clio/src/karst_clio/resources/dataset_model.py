"""What a dataset's document holds. Fields beyond these are kept as they come: applications have their own."""

from __future__ import annotations

import re

from pydantic import BaseModel, ConfigDict, Field

Objects = dict[str, object]
_TAG = re.compile(r"v?(\d{1,9})(?:\.(\d{1,9}))?(?:\.(\d{1,9}))?", re.ASCII)


class NeuPrint(BaseModel):
    """Where neuPrint has this dataset."""

    model_config = ConfigDict(extra="allow")

    dataset: str
    server: str = Field(description="Name of the host, without a scheme.", examples=["neuprint.example.org"])


class Dataset(BaseModel):
    """A dataset: what it is called, who may see it, and how a viewer shows it."""

    model_config = ConfigDict(extra="allow")

    description: str
    title: str | None = None
    tag: str | None = Field(default=None, description="The newest version.", examples=["v0.3.33"])
    uuid: str | None = None
    dvid: str | None = Field(default=None, description="Address of the DVID server that has the neurons.")
    mainLayer: str | None = None  # noqa: N815 - the names are the wire's
    location: str | None = Field(default=None, description="Address of the images, for search and transfer.")
    public: bool = Field(default=False, description="Whether everybody who is logged in may read and add.")
    neuroglancer: Objects | None = None
    typing: Objects | None = None
    bodyAnnotationSchema: Objects | None = None  # noqa: N815
    dimensions: Objects | None = None
    layers: list[Objects] | None = None
    orderedLayers: list[object] | None = None  # noqa: N815
    versions: list[Objects] | None = None
    position: list[float] | None = None
    crossSectionScale: float | None = None  # noqa: N815
    projectionScale: float | None = None  # noqa: N815
    neuprintHTTP: NeuPrint | None = None  # noqa: N815
    transfer: list[str] | None = Field(default=None, description="Models that `transfer` may run, `model:version`.")


def is_older(tag: object, stored: object) -> bool:
    """Whether a tag is of an earlier version than the stored one: `v0.9` is earlier than `v0.10`.

    Tags that are no versions have no order: nothing is earlier than they are.
    """
    new, old = _version(tag), _version(stored)
    return new is not None and old is not None and new < old


def _version(tag: object) -> tuple[int, ...] | None:
    match = _TAG.fullmatch(tag.strip()) if isinstance(tag, str) else None
    return tuple(int(part or 0) for part in match.groups()) if match is not None else None
