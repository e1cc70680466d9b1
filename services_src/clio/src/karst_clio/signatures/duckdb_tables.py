"""Search tables in a DuckDB file: image search on one machine."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

import duckdb

from karst_clio.signatures.blocks import Layout, Signature
from karst_clio.signatures.hashing import part_of
from karst_clio.signatures.search import Dialect, Match, UnsearchableError, similar_sql
from karst_platform.stores.documents import StoreUnavailableError

_DIALECT = Dialect(parameter="$", difference="xor({}, {})", union="UNION", random="random()", quote='"')


class DuckDbTables:
    """The search tables in a file, opened at the first question and read only."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = threading.Lock()

    async def alike(self, dataset: str, parameters: dict[str, int]) -> list[Match]:
        """Rows of the dataset's tables. Raises `UnsearchableError`, `StoreUnavailableError`."""
        sql = similar_sql(_DIALECT, dataset, len(parameters) - 1)
        try:
            return await asyncio.to_thread(self._ask, sql, parameters)
        except duckdb.CatalogException:
            raise UnsearchableError(f"There are no search tables for {dataset}") from None
        except duckdb.Error as error:
            raise StoreUnavailableError(f"The file of image search can't be read ({type(error).__name__})") from error

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def _ask(self, sql: str, parameters: dict[str, int]) -> list[Match]:
        with self._lock:
            cursor = self._connection.cursor()
        with cursor:
            rows = cursor.execute(sql, parameters).fetchall()
        return [Match(point=(x, y, z), distance=distance) for x, y, z, distance in rows]

    @cached_property
    def _connection(self) -> duckdb.DuckDBPyConnection:
        return duckdb.connect(str(self._file), read_only=True)


def fill_tables(file: Path, dataset: str, layout: Layout, signatures: Iterable[Signature]) -> None:
    """Write a dataset's search tables anew, as BigQuery has them."""
    found = list(signatures)
    with duckdb.connect(str(file)) as connection:
        connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{dataset}_imgsearch"')
        for number, mask in enumerate(layout.masks):
            table = f'"{dataset}_imgsearch"."hamming{number}"'
            columns = "part BIGINT, signature BIGINT, x BIGINT, y BIGINT, z BIGINT"
            connection.execute(f"CREATE OR REPLACE TABLE {table} ({columns})")
            rows = [(part_of(each.bits, mask), each.bits, *each.point) for each in found]
            if rows:
                connection.executemany(f"INSERT INTO {table} VALUES (?, ?, ?, ?, ?)", rows)  # noqa: S608
