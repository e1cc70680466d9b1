"""Signatures that are like one: the question in SQL, and what is kept of the answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from karst_clio.signatures.blocks import WITHIN, Layout, Point, Signature
from karst_clio.signatures.hashing import part_of
from karst_platform.stores.analytics import Analytics, Dialect, MissingTableError

DIFFERENT_BITS = 8
"""From so many different bits on two places don't look alike."""
MOST_ROWS = 200
_NAME = re.compile(r"[a-z0-9_.-]{1,200}")
_UNFIT = re.compile(r"[.-]+")


class UnsearchableError(LookupError):
    """There are no search tables for the dataset."""


@dataclass(frozen=True, kw_only=True)
class Match:
    """A place that looks like the one asked for."""

    point: Point
    distance: int
    """How many bits differ."""


async def alike(tables: Analytics, dataset: str, signature: Signature, layout: Layout) -> list[Match]:
    """Places with few different bits, the most alike first. Raises `UnsearchableError`, `StoreUnavailableError`."""
    try:
        rows = await tables.ask(_question(tables.dialect, dataset, len(layout.masks)), _parameters(signature, layout))
    except MissingTableError:
        raise UnsearchableError(f"There are no search tables for {dataset}") from None
    return [Match(point=(x, y, z), distance=distance) for x, y, z, distance in rows]


def table_name(dialect: Dialect, dataset: str, number: int) -> str:
    """The name of a dataset's table of a mask; what BigQuery takes in no name is an underscore in it.

    Raises `UnsearchableError` where the dataset's name can't be in one.
    """
    if _NAME.fullmatch(dataset) is None:
        raise UnsearchableError(f"No dataset of image search can be called {dataset!r}")
    return dialect.table(f"{_UNFIT.sub('_', dataset)}_imgsearch", f"hamming{number}")


def spread(matches: Sequence[Match], asked: Point) -> list[Match]:
    """Of places close together only the first, and none close to the one asked for."""
    kept: list[Match] = []
    for match in matches:
        if all(_is_far(match.point, other) for other in (asked, *(each.point for each in kept))):
            kept.append(match)
    return kept


def _is_far(one: Point, other: Point) -> bool:
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True)) > WITHIN**2


def _question(dialect: Dialect, dataset: str, tables: int) -> str:
    """The question; nothing in its text but the dataset's name, which is checked, comes from outside."""
    signature = f"{dialect.parameter}signature"
    distance = f"BIT_COUNT({dialect.exclusive_or.format('signature', signature)})"
    found = " UNION DISTINCT ".join(
        f"SELECT x, y, z, signature FROM {table_name(dialect, dataset, number)} "  # noqa: S608
        f"WHERE part = {dialect.parameter}part{number} AND {distance} < {DIFFERENT_BITS}"
        for number in range(tables)
    )
    return (
        f"SELECT x, y, z, {distance} AS distance FROM ({found}) AS found "  # noqa: S608
        f"ORDER BY distance, {dialect.random} LIMIT {MOST_ROWS}"
    )


def _parameters(signature: Signature, layout: Layout) -> dict[str, int]:
    parts = {f"part{number}": part_of(signature.bits, mask) for number, mask in enumerate(layout.masks)}
    return {"signature": signature.bits} | parts
