"""Partitions are those that other programs fill."""

from __future__ import annotations

import pytest

from karst_clio.signatures.hashing import PARTS, fmix64, part_of

ALL = 0xFFFFFFFFFFFFFFFF


@pytest.mark.parametrize(("number", "part"), [(0, 0), (1, 2604), (0x123456789ABCDEF0, 2200), (ALL, 289)])
def test_vectors(number: int, part: int) -> None:
    assert fmix64(number) % PARTS == part
    assert part_of(number, ALL) == part


def test_signed_signatures_and_masks_are_their_bits() -> None:
    assert part_of(-1, ALL) == part_of(ALL, -1) == part_of(-1, -1) == 289
    assert part_of(-1, 1) == 2604
    assert part_of(0x123456789ABCDEF0 | 1, ~1) == 2200
