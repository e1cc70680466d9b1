"""How signatures are spread over the partitions of the search tables; other programs fill them by the same rule."""

from __future__ import annotations

PARTS = 4000
_MASK = (1 << 64) - 1


def fmix64(number: int) -> int:
    """Mix the bits of an unsigned 64-bit number."""
    number ^= number >> 33
    number = number * 0xFF51AFD7ED558CCD & _MASK
    number ^= number >> 33
    number = number * 0xC4CEB9FE1A85EC53 & _MASK
    return number ^ number >> 33


def part_of(signature: int, mask: int) -> int:
    """The partition for a signature in the table of a mask; both are 64 bits, signed or not."""
    return fmix64(signature & mask & _MASK) % PARTS
