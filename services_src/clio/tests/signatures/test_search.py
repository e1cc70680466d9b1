"""Places that look alike, by DuckDB and by BigQuery: one suite for both."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable
from pathlib import Path

import duckdb
import pytest

from karst_clio.signatures.blocks import Signature
from karst_clio.signatures.duckdb_tables import fill_tables
from karst_clio.signatures.hashing import part_of
from karst_clio.signatures.search import MOST_ROWS, Match, UnsearchableError, alike, spread
from karst_platform.stores.analytics import Analytics
from karst_platform.stores.analytics_duckdb import DuckDbAnalytics
from services_src.clio.tests.signatures.stores import LAYOUT
from services_src.platform.tests.fake_bigquery import FakeBigQuery, faked, parameters_of

pytestmark = pytest.mark.anyio
Fill = Callable[[Iterable[Signature]], int]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "search.duckdb"


@pytest.fixture(params=["duckdb", "bigquery"])
def tables(request: pytest.FixtureRequest, file: Path) -> Analytics:
    return DuckDbAnalytics(file) if request.param == "duckdb" else faked(FakeBigQuery(file))


@pytest.fixture
def fill(file: Path) -> Fill:
    return lambda signatures: fill_tables(file, "mb20", LAYOUT, signatures)


def signature(bits: int, *point: int) -> Signature:
    x, y, z = point or (0, 0, 0)
    return Signature(point=(x, y, z), bits=bits)


async def found(tables: Analytics, bits: int, dataset: str = "mb20") -> list[Match]:
    return await alike(tables, dataset, signature(bits), LAYOUT)


@pytest.mark.parametrize("bits", [0, 1, -1, -(2**63), 2**63 - 1, 0x0123456789ABCDEF])
async def test_rows_with_few_different_bits_come_nearest_first(tables: Analytics, fill: Fill, bits: int) -> None:
    flips = [0, 1 << 63, 0b11, 0x7F, 0xFF]
    fill([signature(_signed(bits ^ flip), number, 2, 3) for number, flip in enumerate(flips)])
    assert [(each.point, each.distance) for each in await found(tables, bits)] == [
        ((0, 2, 3), 0),
        ((1, 2, 3), 1),
        ((2, 2, 3), 2),
        ((3, 2, 3), 7),
    ]


async def test_a_row_that_several_tables_find_comes_once(tables: Analytics, fill: Fill) -> None:
    fill([signature(5, 1, 1, 1), signature(5, 1, 1, 1), signature(5, 2, 1, 1)])
    assert sorted(each.point for each in await found(tables, 5)) == [(1, 1, 1), (2, 1, 1)]


async def test_what_differs_in_every_mask_is_not_found(tables: Analytics, fill: Fill) -> None:
    everywhere = 1 | 1 << 16 | 1 << 32 | 1 << 48
    fill([signature(everywhere, 1, 1, 1), signature(everywhere ^ 1 << 48, 2, 2, 2)])
    assert [each.point for each in await found(tables, 0)] == [(2, 2, 2)]


async def test_the_answer_is_that_of_the_model(tables: Analytics, fill: Fill) -> None:
    chance = random.Random(3)
    some = chance.getrandbits(63)
    others = [
        some ^ sum(1 << chance.randrange(63) for _ in range(chance.randrange(12))) & (2**63 - 1) for _ in range(300)
    ]
    fill([signature(bits, number, 0, 0) for number, bits in enumerate(others)])
    expected = [
        (number, (bits ^ some).bit_count())
        for number, bits in enumerate(others)
        if (bits ^ some).bit_count() < 8 and any((bits ^ some) & mask == 0 for mask in LAYOUT.masks)
    ]
    answer = [(each.point[0], each.distance) for each in await found(tables, some)]
    assert sorted(answer) == sorted(expected)[:MOST_ROWS]
    assert [distance for _, distance in answer] == sorted(distance for _, distance in answer)


async def test_there_are_two_hundred_rows_at_the_most(tables: Analytics, fill: Fill) -> None:
    fill([signature(7, number, 0, 0) for number in range(MOST_ROWS + 50)])
    assert len(await found(tables, 7)) == MOST_ROWS


@pytest.mark.parametrize("dataset", ["other", "MB20", "a-b", "", 'x" --', "x`; DROP TABLE y", "é", "a.b", "x" * 300])
async def test_a_dataset_without_tables_or_with_a_strange_name(tables: Analytics, fill: Fill, dataset: str) -> None:
    fill([signature(7)])
    with pytest.raises(UnsearchableError):
        await found(tables, 7, dataset)


@pytest.mark.parametrize("dataset", ["vnc-v0.9", "mb.20", "mb--20"])
async def test_names_have_underscores_where_bigquery_takes_nothing_else(
    tables: Analytics, file: Path, dataset: str
) -> None:
    assert fill_tables(file, dataset, LAYOUT, [signature(5, 1, 2, 3)]) == 1
    assert [each.point for each in await found(tables, 5, dataset)] == [(1, 2, 3)]
    assert [each.point for each in await found(tables, 5, re.sub(r"[^a-z0-9]+", "_", dataset))] == [(1, 2, 3)]


async def test_nothing_that_comes_from_outside_stands_in_the_question(file: Path, fill: Fill) -> None:
    fill([])
    client = FakeBigQuery(file)
    assert await found(faked(client), -5) == []
    (config,), (sql,) = client.configs, client.questions
    parts = [(f"part{number}", "INT64", part_of(-5, mask)) for number, mask in enumerate(LAYOUT.masks)]
    assert parameters_of(config) == [("signature", "INT64", -5), *parts]
    assert sql.count("UNION DISTINCT") == 3
    assert "`mb20_imgsearch`.`hamming3` WHERE part = @part3 AND BIT_COUNT(signature ^ @signature) < 8" in sql
    assert "-5" not in sql


def test_tables_are_filled_anew(file: Path) -> None:
    assert fill_tables(file, "mb20", LAYOUT, [signature(5), signature(6)]) == 2
    assert fill_tables(file, "mb20", LAYOUT, [signature(5)]) == 1
    with duckdb.connect(str(file)) as connection:
        assert connection.execute("SELECT count(*) FROM mb20_imgsearch.hamming2").fetchone() == (1,)
    with pytest.raises(UnsearchableError):
        fill_tables(file, 'x"; DROP', LAYOUT, [])


def test_of_places_close_together_only_the_first_is_kept() -> None:
    points = [(1000, 0, 0), (1050, 0, 0), (1101, 0, 0), (100, 0, 0), (101, 0, 0), (1000, 100, 0), (1000, 101, 0)]
    matches = [Match(point=(x, y, z), distance=0) for x, y, z in points]
    assert [each.point for each in spread(matches, (0, 0, 0))] == [
        (1000, 0, 0),
        (1101, 0, 0),
        (101, 0, 0),
        (1000, 101, 0),
    ]


def _signed(bits: int) -> int:
    bits &= 2**64 - 1
    return bits - 2**64 if bits >> 63 else bits
