"""Signatures by place: files of records in a bucket, one for each block of the volume.

`<dataset>/info.json` says how large a block is and which bits each search table looks at.
"""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice, product

from karst_clio.caching import Clock, TimedCache
from karst_platform.stores.objects import BadKeyError, MissingObjectError, Objects

WITHIN = 100
"""How far, in voxels, a signature's place may be from where one asks."""
SMALLEST_BLOCK = 4
MOST_BLOCKS = 20_000
"""Blocks that are looked at; from an edge of 7 voxels on that is all that are near enough."""
_KEEP_S = 600
_DATASETS = 1000
_AT_A_TIME = 8
_RECORD = struct.Struct("<IIIq")

Point = tuple[int, int, int]


@dataclass(frozen=True, kw_only=True)
class Signature:
    """64 bits that tell what a place looks like; signed, as tables keep it."""

    point: Point
    bits: int


@dataclass(frozen=True, kw_only=True)
class Layout:
    """How a dataset's signatures are kept."""

    block_size: int
    masks: tuple[int, ...]
    """The bits that decide about the partition, for each search table."""


class UnknownDatasetError(LookupError):
    """The bucket has nothing about the dataset, or nothing that can be read."""


class Blocks:
    """The signatures in a bucket. A dataset's layout is kept for ten minutes."""

    def __init__(self, objects: Objects, clock: Clock) -> None:
        self._objects = objects
        self._layouts: TimedCache[str, Layout] = TimedCache(keep_s=_KEEP_S, size=_DATASETS, clock=clock)

    async def layout(self, dataset: str) -> Layout:
        """How a dataset's signatures are kept. Raises `UnknownDatasetError`."""
        return await self._layouts.get(dataset, lambda: self._load(dataset))

    async def nearest(self, dataset: str, point: Point) -> Signature | None:
        """The signature nearest to a point, at most `WITHIN` away, whichever block it is in."""
        size = (await self.layout(dataset)).block_size
        best: tuple[int, Signature] | None = None
        blocks = islice(_around(point, size), MOST_BLOCKS)
        while some := list(islice(blocks, _AT_A_TIME)):
            if best is not None and best[0] <= some[0][0]:
                break
            for found in await asyncio.gather(*(self._nearest_of(dataset, block, point) for _, block in some)):
                if found is not None and (best is None or found[0] < best[0]):
                    best = found
        return None if best is None else best[1]

    async def all(self, dataset: str) -> AsyncIterator[Signature]:
        """Every signature of a dataset, in no order."""
        async for block in self._objects.list(f"{dataset}/blocks"):
            for x, y, z, bits in _records(await self._objects.get(block.key)):
                yield Signature(point=(x, y, z), bits=bits)

    def forget(self) -> None:
        """Read layouts again the next time."""
        self._layouts.clear()

    async def _load(self, dataset: str) -> Layout:
        try:
            info = json.loads(await self._objects.get(f"{dataset}/info.json"))
            return _layout(info)
        except (BadKeyError, MissingObjectError) as error:
            raise UnknownDatasetError(dataset) from error
        except (ValueError, TypeError, KeyError) as error:
            raise UnknownDatasetError(f"{dataset}: info.json is none of ours") from error

    async def _nearest_of(self, dataset: str, block: Point, point: Point) -> tuple[int, Signature] | None:
        try:
            records = await self._objects.get(f"{dataset}/blocks/{block[0]}_{block[1]}_{block[2]}")
        except MissingObjectError:
            return None
        return await asyncio.to_thread(_nearest, records, point)


def _layout(info: Mapping[str, object]) -> Layout:
    size = info["block_size"]
    if isinstance(size, bool) or not isinstance(size, int) or size < SMALLEST_BLOCK:
        raise ValueError(f"block_size is no whole number from {SMALLEST_BLOCK} on")
    return Layout(block_size=size, masks=tuple(int(str(info[f"ham_{table}"]), 0) for table in range(4)))


def _around(point: Point, size: int) -> Iterator[tuple[int, Point]]:
    """Blocks with places near enough, with the square of how near they come, the nearest first."""
    xs, ys, zs = (range((at - WITHIN) // size, (at + WITHIN) // size + 1) for at in point)
    blocks = ((_square_distance(point, block, size), block) for block in product(xs, ys, zs))
    return iter(sorted(each for each in blocks if each[0] <= WITHIN**2))


def _square_distance(point: Point, block: Point, size: int) -> int:
    gaps = (max(index * size - at, 0, at - (index + 1) * size + 1) for at, index in zip(point, block, strict=True))
    return sum(gap * gap for gap in gaps)


def _nearest(records: bytes, point: Point) -> tuple[int, Signature] | None:
    px, py, pz = point
    distances = (((x - px) ** 2 + (y - py) ** 2 + (z - pz) ** 2, x, y, z, bits) for x, y, z, bits in _records(records))
    best = min(distances, default=None)
    if best is None or best[0] > WITHIN**2:
        return None
    return best[0], Signature(point=best[1:4], bits=best[4])


def _records(content: bytes) -> Iterator[tuple[int, int, int, int]]:
    """The records of a block; one that is cut off at the end is left out."""
    return _RECORD.iter_unpack(content[: len(content) // _RECORD.size * _RECORD.size])
