"""What viewers are told: lists of layers, and links that hold a whole state themselves, so that none is stored."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from karst_info import sources
from karst_info.catalogue import Stack, Volume

_SIGNS_IN = "middleauth+"
_IMAGES = "img"
"""Name of the layer of images where nobody names it."""
_SEGMENTATION = "seg"


def layers_of(volume: Volume, stacks: list[Stack]) -> dict[str, object]:
    """What the list for viewers says of one aligned volume and of those datastacks of it that the caller may see."""
    return {
        "description": volume.row.description,
        "image_layers": _image_layers(volume),
        "segmentation_layers": [_segmentation_layer(each) for each in stacks if each.row.segmentation_source],
    }


def _image_layers(volume: Volume) -> list[dict[str, object]]:
    if not volume.mirrors:
        row = volume.row
        return [_image_layer(row.image_source, _IMAGES, row.name, row.description)]
    return [_image_layer(each.image_source, each.name, each.name, each.description) for each in volume.mirrors]


def _image_layer(source: str, layer: str, name: str, description: str | None) -> dict[str, object]:
    return {"image_source": source, "ngl_image_name": layer, "name": name, "description": description}


def _segmentation_layer(stack: Stack) -> dict[str, object]:
    row = stack.row
    told = {
        "name": row.name,
        "description": row.description,
        "segmentation_source": signing_in(row.segmentation_source or "", formats=("graphene",)),
        "initial_state_id": row.base_link_id,
        "skeleton_source": signing_in(row.skeleton_source or "", formats=("precomputed",)) or None,
    }
    return {name: value for name, value in told.items() if value is not None or name == "description"}


def signing_in(source: str, formats: tuple[str, ...]) -> str:
    """The source in the words that make viewers sign in, where it has one of these formats and is read by HTTPS."""
    for each in formats:
        if source.startswith(f"{each}://https://"):
            return f"{each}://{_SIGNS_IN}{source.removeprefix(f'{each}://')}"
    return source


@dataclass(frozen=True, kw_only=True)
class Links:
    """Links of one datastack."""

    viewer: str
    """To a present viewer: layers of the images and of the segmentation."""
    older_viewer: str
    """The same for viewers of the Seung lab's kind, which sign in another way."""
    base_state: str | None = None
    """To the stored state that the datastack names."""


def links_of(stack: Stack, default_site: str, global_address: str) -> Links:
    """Make them. Each holds its state itself: looking at a page stores nothing, and nobody sees another one's."""
    named = stack.row.viewer_site or ""
    # Rows that came from elsewhere may name what no link may lead to.
    site = (named if sources.site(named) is None else default_site).rstrip("/")
    base = stack.row.base_link_id
    stored = f"{_SIGNS_IN}{global_address}/nglstate/api/v1/{base}"
    return Links(
        viewer=f"{site}/#!{_fragment(_state(stack, is_old=False))}",
        older_viewer=f"{site}/#!{_fragment(_state(stack, is_old=True))}",
        base_state=f"{site}/#!{stored}" if base is not None else None,
    )


def _state(stack: Stack, *, is_old: bool) -> Mapping[str, object]:
    layers = [*_images(stack), *_segmentation(stack, is_old=is_old)]
    told: dict[str, object] = {"layers": layers, "showSlices": False}
    if layers:
        told["selectedLayer"] = {"layer": layers[-1]["name"], "visible": True}
    if (size := stack.resolution_nm) is not None:
        if is_old:
            told["navigation"] = {"pose": {"position": {"voxelSize": list(size)}}}
        else:
            told["dimensions"] = {axis: [nm * 1e-9, "m"] for axis, nm in zip("xyz", size, strict=True)}
    told["layout"] = "xy-3d"
    return told


def _images(stack: Stack) -> list[dict[str, object]]:
    volume = stack.volume
    return [{"type": "image", "source": volume.row.image_source, "name": _IMAGES}] if volume is not None else []


def _segmentation(stack: Stack, *, is_old: bool) -> list[dict[str, object]]:
    source = stack.row.segmentation_source
    if not source:
        return []
    name = stack.row.viewer_layer_name or _SEGMENTATION
    skeletons = stack.row.skeleton_source
    if is_old:
        kind = "segmentation_with_graph" if source.startswith("graphene://") else "segmentation"
        return [{"type": kind, "source": source.replace(_SIGNS_IN, ""), "name": name}]
    read = [signing_in(source, ("graphene",))]
    read += [signing_in(skeletons, ("precomputed",))] if skeletons else []
    return [{"type": "segmentation", "source": read, "name": name}]


def _fragment(state: Mapping[str, object]) -> str:
    """A state as it stands behind `#!`, with everything escaped that could end an attribute or a link."""
    return quote(json.dumps(state, separators=(",", ":")), safe=",:/@+")
