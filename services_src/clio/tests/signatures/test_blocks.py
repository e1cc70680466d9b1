"""The signature nearest to a place, whichever block holds it."""

from __future__ import annotations

import math
import random
from pathlib import Path

import pytest

from karst_clio.signatures.blocks import WITHIN, Blocks, Layout, Point, Signature, UnknownDatasetError
from karst_platform.stores.objects_obstore import folder_objects
from services_src.clio.tests.signatures.stores import LAYOUT, write_blocks
from services_src.clio.tests.support import Clock

pytestmark = pytest.mark.anyio


def blocks(folder: Path, *signatures: Signature, layout: Layout = LAYOUT) -> Blocks:
    write_blocks(folder, "mb20", layout, signatures)
    return Blocks(folder_objects(folder), Clock())


def at(*point: int, bits: int = 1) -> Signature:
    x, y, z = point
    return Signature(point=(x, y, z), bits=bits)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ((10, 10, 10), (12, 10, 10)),
        ((127, 10, 10), (128, 10, 10)),
        ((128, 128, 128), (128, 128, 128)),
        ((12, 10, 110), (12, 10, 10)),
        ((12, 11, 110), None),
        ((-50, 10, 10), (12, 10, 10)),
        ((5000, 5000, 5000), None),
    ],
)
async def test_the_nearest_within_a_hundred(tmp_path: Path, asked: Point, expected: Point | None) -> None:
    found = await blocks(tmp_path, at(12, 10, 10), at(128, 10, 10), at(128, 128, 128)).nearest("mb20", asked)
    assert (None if found is None else found.point) == expected


async def test_bits_are_signed_and_whole(tmp_path: Path) -> None:
    smallest = Signature(point=(1, 2, 2**32 - 1), bits=-(2**63))
    assert await blocks(tmp_path, smallest).nearest("mb20", (1, 2, 2**32 - 1)) == smallest


@pytest.mark.parametrize("size", [7, 64, 300])
async def test_blocks_of_any_size_hide_nothing(tmp_path: Path, size: int) -> None:
    chance = random.Random(size)
    points = [at(*(chance.randrange(400) for _ in range(3)), bits=number) for number in range(60)]
    store = blocks(tmp_path, *points, layout=Layout(block_size=size, masks=LAYOUT.masks))
    for _ in range(4 if size < 64 else 25):
        asked = (chance.randrange(-50, 450), chance.randrange(400), chance.randrange(400))
        near = min(math.dist(each.point, asked) for each in points)
        found = await store.nearest("mb20", asked)
        assert (None if found is None else math.dist(found.point, asked)) == (near if near <= WITHIN else None)


async def test_a_record_that_is_cut_off_is_left_out(tmp_path: Path) -> None:
    store = blocks(tmp_path, at(1, 1, 1))
    file = tmp_path / "mb20" / "blocks" / "0_0_0"
    file.write_bytes(file.read_bytes() + b"\x01\x02")
    assert await store.nearest("mb20", (0, 0, 0)) == at(1, 1, 1)


async def test_a_layout_is_kept_for_ten_minutes(tmp_path: Path) -> None:
    store = blocks(tmp_path, at(1, 1, 1))
    clock = Clock()
    store = Blocks(folder_objects(tmp_path), clock)
    assert await store.layout("mb20") == LAYOUT
    info = tmp_path / "mb20" / "info.json"
    info.write_text(info.read_text().replace("128", "64"))
    assert (await store.layout("mb20")).block_size == 128
    clock.now_s += 601
    assert (await store.layout("mb20")).block_size == 64


@pytest.mark.parametrize(
    "info", ["", "[]", "{}", '{"block_size": 0}', '{"block_size": "8"}', '{"block_size": 8, "ham_0": "x"}', "\xff"]
)
async def test_what_says_nothing_of_use_is_no_dataset(tmp_path: Path, info: str) -> None:
    store = blocks(tmp_path)
    (tmp_path / "mb20" / "info.json").write_bytes(info.encode("latin-1"))
    for dataset in ("mb20", "other", "..", "a/../mb20", "a\x00"):
        with pytest.raises(UnknownDatasetError):
            await store.layout(dataset)


async def test_all_of_a_dataset_can_be_read(tmp_path: Path) -> None:
    places = [at(1, 1, 1), at(1, 1, 2), at(900, 5, 5, bits=-7)]
    store = blocks(tmp_path, *places)
    assert sorted([each.bits for each in places]) == sorted([each.bits async for each in store.all("mb20")])
    assert {each.point for each in places} == {each.point async for each in store.all("mb20")}
