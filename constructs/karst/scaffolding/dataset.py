"""A new dataset: images, what gives their voxels ids, and who may see them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from karst.config.errors import Location
from karst.config.types import Kind
from karst.drafts.yaml_text import Node, yaml_text

SCHEMA = "# yaml-language-server: $schema=../../../docs/schemas/dataset.json"
LAYER = "seg"


@dataclass(frozen=True, kw_only=True)
class NewDataset:
    """What has to be known of a dataset."""

    name: str
    images: str
    """Where the images stand, such as `precomputed://gs://lab-em/minnie`."""
    resolution_nm: tuple[float, ...]
    """Size of a voxel, x, y, z in nm."""
    size_voxels: tuple[int, ...] | None = None
    """Voxels of the images, x, y, z; without it nobody checks positions."""
    graph: str | None = None
    """A supervoxel graph that people will edit; its table is made."""
    segmentation: str | None = None
    """A segmentation that never changes, such as `precomputed://gs://lab-seg/flat`."""


def dataset_yaml(new: NewDataset, kinds: Collection[Kind]) -> str:
    """The commented file of `new`, for a deployment of these kinds."""
    return yaml_text(SCHEMA, _data(new, kinds), _COMMENTS)


def _data(new: NewDataset, kinds: Collection[Kind]) -> dict[str, Node]:
    volume: dict[str, Node] = {"images": new.images, "resolution_nm": list(new.resolution_nm)}
    if new.size_voxels is not None:
        volume["bounds"] = {"max": list(new.size_voxels)}
    data: dict[str, Node] = {"name": new.name, "aligned_volume": volume}
    if new.graph is not None:
        data["graphs"] = {new.graph: {}}
    if stacks := _datastacks(new):
        data["datastacks"] = stacks
    data["permissions"] = {
        "groups": {
            f"{new.name}_viewers": {"permissions": ["view"]},
            f"{new.name}_editors": {"permissions": ["view", "edit"]},
        }
    }
    if Kind.CLIO in kinds:
        data["clio"] = {"key": new.name}
    return data


def _datastacks(new: NewDataset) -> dict[str, Node]:
    stacks: dict[str, Node] = {}
    if new.graph is not None:
        stacks[new.name] = {"layer": LAYER, "segmentation": {"graph": new.graph}}
    if new.segmentation is not None:
        name = new.name if new.graph is None else f"{new.name}_flat"
        stacks[name] = {"layer": LAYER, "segmentation": {"source": new.segmentation}}
    return stacks


_COMMENTS: dict[Location, str] = {
    ("name",): "Equal to the file's name; it can't be changed.",
    ("aligned_volume",): "The images. Voxel sizes are in nm, bounds in voxels of the finest resolution.",
    ("graphs",): "People merge and split in it. A new segmentation is a new graph beside it, never a change of one.",
    ("datastacks",): "What people analyse, by its name: the images with one segmentation.",
    ("permissions",): "People join groups in the pages of auth. `public` with a reason opens a dataset to everybody.",
    ("clio",): "Its key in the connectomics store. `search: {}` adds tables of image signatures.",
}
