"""Cut-outs of precomputed volumes: the chunks around a place, copied as they are, with an `info` of their own.

Nothing is decoded, so every encoding works; the cut-out ends where chunks end. Sharded volumes have no single chunks
to copy.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from karst_platform.stores.objects import MissingObjectError, Objects, check_key

_COPIES_AT_A_TIME = 16
_MOST_CHUNKS = 4096
_AXES = 3
Axis = tuple[int, int]


class CutError(ValueError):
    """A volume that can't be cut there; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Cut:
    """Which part of a volume's finest scale to copy."""

    info: Mapping[str, Any]
    """The `info` of the copy."""
    scale: str
    chunks: list[str]
    """Names of the chunks."""


@dataclass(frozen=True, kw_only=True)
class Folder:
    """A folder of a bucket."""

    objects: Objects
    path: str

    def key(self, name: str) -> str:
        """The key of an object in it."""
        return f"{self.path}/{name}" if self.path else name


def plan(info: Mapping[str, Any], focus: list[int], width: int) -> Cut:
    """What to copy for a cube of `width` voxels around a voxel. Raises `CutError`."""
    try:
        scale = info["scales"][0]
        size, chunk = (_three(each) for each in (scale["size"], scale["chunk_sizes"][0]))
        offset, key = _three(scale.get("voxel_offset", [0, 0, 0])), check_key(str(scale["key"]))
    except (KeyError, IndexError, TypeError, ValueError):
        raise CutError("its info is not that of a precomputed volume") from None
    if min(chunk) < 1:
        raise CutError("its chunks have no size")
    if scale.get("sharding") is not None:
        raise CutError("it is sharded")
    axes = [_axis(*each, width) for each in zip(focus, offset, size, chunk, strict=True)]
    if math.prod(len(axis) for axis in axes) > _MOST_CHUNKS:
        raise CutError(f"its chunks are so small that more than {_MOST_CHUNKS} would be copied")
    names = ["_".join(f"{start}-{end}" for start, end in each) for each in itertools.product(*axes)]
    first, last = [axis[0][0] for axis in axes], [axis[-1][1] for axis in axes]
    own = {**scale, "voxel_offset": first, "size": [end - start for start, end in zip(first, last, strict=True)]}
    return Cut(info={**info, "scales": [own]}, scale=key, chunks=names)


async def copy(cut: Cut, source: Folder, target: Folder) -> None:
    """Copy a cut's chunks, and then its `info`. Chunks that aren't there are empty, and stay so."""
    turns = asyncio.Semaphore(_COPIES_AT_A_TIME)

    async def copy_chunk(name: str) -> None:
        async with turns:
            try:
                content = await source.objects.get(source.key(f"{cut.scale}/{name}"))
            except MissingObjectError:
                return
            key = target.key(f"{cut.scale}/{name}")
            await target.objects.put(key, content, content_type="application/octet-stream")

    await asyncio.gather(*map(copy_chunk, cut.chunks))
    info = json.dumps(cut.info).encode()
    await target.objects.put(target.key("info"), info, content_type="application/json")


def _axis(focus: int, offset: int, size: int, chunk: int, width: int) -> list[Axis]:
    """Where the chunks begin and end that hold some of the width around the focus."""
    end = offset + size
    if not offset <= focus < end:
        raise CutError("the focus is outside of it")
    low, high = max(focus - width // 2, offset), min(focus - width // 2 + width, end)
    first = offset + (low - offset) // chunk * chunk
    return [(start, min(start + chunk, end)) for start in range(first, high, chunk)]


def _three(value: Any) -> list[int]:  # noqa: ANN401 - whatever the info says
    numbers = [int(each) for each in value]
    if len(numbers) != _AXES:
        raise ValueError("three numbers are needed")
    return numbers
