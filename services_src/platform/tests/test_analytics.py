"""Tables for analysis in DuckDB, and in BigQuery as a stand-in of its client answers: one suite (no real project)."""

from __future__ import annotations

import asyncio
from pathlib import Path

import duckdb
import pytest
from google.api_core.exceptions import Forbidden
from google.auth.exceptions import DefaultCredentialsError
from google.cloud import bigquery

from karst_platform.stores.analytics import Analytics, MissingTableError, Parameter
from karst_platform.stores.analytics_bigquery import MOST_BYTES, BigQueryAnalytics
from karst_platform.stores.analytics_duckdb import DuckDbAnalytics
from karst_platform.stores.documents import StoreUnavailableError
from services_src.platform.tests.fake_bigquery import FakeBigQuery, faked, parameters_of

pytestmark = pytest.mark.anyio


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "tables.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE SCHEMA cells")
        connection.execute("CREATE TABLE cells.sizes (name VARCHAR, um DOUBLE, flags BIGINT, good BOOLEAN)")
        connection.execute("INSERT INTO cells.sizes VALUES ('a', 1.5, 6, true), ('b', 2.5, -1, false)")
    return path


@pytest.fixture(params=["duckdb", "bigquery"])
def tables(request: pytest.FixtureRequest, file: Path) -> Analytics:
    return DuckDbAnalytics(file) if request.param == "duckdb" else faked(FakeBigQuery(file))


def question(tables: Analytics, condition: str, table: str = "sizes") -> str:
    return f"SELECT name, um FROM {tables.dialect.table('cells', table)} WHERE {condition} ORDER BY name"


@pytest.mark.parametrize(
    ("column", "value", "found"),
    [
        ("name", "a", ["a"]),
        ("name", "x' OR 1=1 --", []),
        ("um", 2.5, ["b"]),
        ("flags", -1, ["b"]),
        ("good", True, ["a"]),
    ],
)
async def test_parameters_of_every_type(tables: Analytics, column: str, value: Parameter, found: list[str]) -> None:
    rows = await tables.ask(question(tables, f"{column} = {tables.dialect.parameter}p"), {"p": value})
    assert [name for name, _ in rows] == found


async def test_rows_are_columns_in_the_order_of_the_question(tables: Analytics) -> None:
    assert await tables.ask(question(tables, "TRUE"), {}) == [("a", 1.5), ("b", 2.5)]


async def test_bits_that_differ(tables: Analytics) -> None:
    dialect = tables.dialect
    differ = dialect.exclusive_or.format("flags", f"{dialect.parameter}p")
    assert await tables.ask(question(tables, f"BIT_COUNT({differ}) = 1"), {"p": 4}) == [("a", 1.5)]
    assert await tables.ask(question(tables, f"BIT_COUNT({differ}) = 64"), {"p": 0}) == [("b", 2.5)]


async def test_chance_has_a_word(tables: Analytics) -> None:
    assert len(await tables.ask(question(tables, f"{tables.dialect.random} < 2"), {})) == 2


async def test_many_ask_at_a_time(tables: Analytics) -> None:
    answers = await asyncio.gather(*(tables.ask(question(tables, "good"), {}) for _ in range(20)))
    assert answers == [[("a", 1.5)]] * 20


async def test_a_table_that_is_not_there(tables: Analytics, file: Path) -> None:
    with pytest.raises(MissingTableError):
        await tables.ask(question(tables, "TRUE", table="weights"), {})
    file.unlink()
    with pytest.raises(MissingTableError):
        await tables.ask(question(tables, "TRUE"), {})


async def test_others_can_write_between_questions(tables: Analytics, file: Path) -> None:
    assert len(await tables.ask(question(tables, "TRUE"), {})) == 2
    with duckdb.connect(str(file)) as connection:
        connection.execute("DELETE FROM cells.sizes WHERE good")
    assert await tables.ask(question(tables, "TRUE"), {}) == [("b", 2.5)]


async def test_bigquery_is_asked_within_a_limit_of_cost(file: Path) -> None:
    client = FakeBigQuery(file)
    values: dict[str, Parameter] = {"a": True, "b": 1, "c": 1.5, "d": "x"}
    text = "SELECT 1 AS one FROM `cells`.`sizes` WHERE @a AND @b = 1 AND @c = 1.5 AND @d = name"
    assert await faked(client).ask(text, values) == []
    (config,) = client.configs
    assert config.maximum_bytes_billed == MOST_BYTES
    types = ("BOOL", "INT64", "FLOAT64", "STRING")
    assert parameters_of(config) == [(name, type_, values[name]) for name, type_ in zip("abcd", types, strict=True)]


async def test_a_store_that_is_away(file: Path) -> None:
    client = FakeBigQuery(file)
    client.failure = Forbidden("too many bytes")

    def refuse() -> bigquery.Client:
        raise DefaultCredentialsError("none")

    broken = file.with_name("broken.duckdb")
    broken.write_text("no tables", encoding="utf-8")
    for away in (faked(client), BigQueryAnalytics(refuse), DuckDbAnalytics(broken)):
        with pytest.raises(StoreUnavailableError):
            await away.ask(question(away, "TRUE"), {})
