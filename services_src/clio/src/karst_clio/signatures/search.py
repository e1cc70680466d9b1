"""Signatures that are like one: the question in SQL, and what is kept of the answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from karst_clio.signatures.blocks import WITHIN, Layout, Point, Signature
from karst_clio.signatures.hashing import part_of

DIFFERENT_BITS = 8
"""From so many different bits on two places don't look alike."""
MOST_ROWS = 200
_NAME = re.compile(r"[a-z0-9_]{1,200}")


class UnsearchableError(LookupError):
    """There are no search tables for the dataset."""


@dataclass(frozen=True, kw_only=True)
class Match:
    """A place that looks like the one asked for."""

    point: Point
    distance: int
    """How many bits differ."""


class SearchTables(Protocol):
    """Where search tables are."""

    async def alike(self, dataset: str, parameters: dict[str, int]) -> list[Match]:
        """Rows of the dataset's tables, by `similar_sql`. Raises `UnsearchableError`, `StoreUnavailableError`."""
        ...


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """What dialects of SQL spell differently."""

    parameter: str
    difference: str
    union: str
    random: str
    quote: str


def similar_sql(dialect: Dialect, dataset: str, tables: int) -> str:
    """The question; its parameters are `signature` and, for each table, `part0`, `part1`, ...

    Nothing but the dataset's name, which is checked, comes from outside. Raises `UnsearchableError`.
    """
    if _NAME.fullmatch(dataset) is None:
        raise UnsearchableError(f"No dataset of image search can be called {dataset!r}")
    signature = f"{dialect.parameter}signature"
    distance = f"BIT_COUNT({dialect.difference.format('signature', signature)})"
    selects = (
        f"SELECT x, y, z, signature FROM {_quoted(dialect, f'{dataset}_imgsearch', f'hamming{table}')} "  # noqa: S608
        f"WHERE part = {dialect.parameter}part{table} AND {distance} < {DIFFERENT_BITS}"
        for table in range(tables)
    )
    found = f" {dialect.union} ".join(selects)
    return (
        f"SELECT x, y, z, {distance} AS distance FROM ({found}) AS found "  # noqa: S608
        f"ORDER BY distance, {dialect.random} LIMIT {MOST_ROWS}"
    )


def parameters_of(signature: Signature, layout: Layout) -> dict[str, int]:
    """The parameters of the question for a signature."""
    parts = {f"part{table}": part_of(signature.bits, mask) for table, mask in enumerate(layout.masks)}
    return {"signature": signature.bits} | parts


def spread(matches: Sequence[Match], asked: Point) -> list[Match]:
    """Of places close together only the first, and none close to the one asked for."""
    kept: list[Match] = []
    for match in matches:
        if all(_is_far(match.point, other) for other in (asked, *(each.point for each in kept))):
            kept.append(match)
    return kept


def _is_far(one: Point, other: Point) -> bool:
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True)) > WITHIN**2


def _quoted(dialect: Dialect, *names: str) -> str:
    return ".".join(f"{dialect.quote}{name}{dialect.quote}" for name in names)
