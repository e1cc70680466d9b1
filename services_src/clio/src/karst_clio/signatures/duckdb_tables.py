"""Search tables in a file of DuckDB, for image search on one machine; in the cloud other programs fill BigQuery's."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import duckdb

from karst_clio.signatures.blocks import Layout, Signature
from karst_clio.signatures.hashing import part_of
from karst_clio.signatures.search import table_name
from karst_platform.stores.analytics_duckdb import DuckDbAnalytics

_COLUMNS = "part BIGINT, signature BIGINT, x BIGINT, y BIGINT, z BIGINT"


def fill_tables(file: Path, dataset: str, layout: Layout, signatures: Iterable[Signature]) -> int:
    """Write a dataset's search tables anew, all or none, and return how many signatures they hold.

    Raises `UnsearchableError` where tables can't have the dataset's name.
    """
    dialect = DuckDbAnalytics(file).dialect
    names = [table_name(dialect, dataset, number) for number in range(len(layout.masks))]
    found = list(signatures)
    with duckdb.connect(str(file)) as connection, connection.begin():
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {dialect.table(f'{dataset}_imgsearch')}")
        for name, mask in zip(names, layout.masks, strict=True):
            connection.execute(f"CREATE OR REPLACE TABLE {name} ({_COLUMNS})")
            rows = [(part_of(each.bits, mask), each.bits, *each.point) for each in found]
            if rows:
                connection.executemany(f"INSERT INTO {name} VALUES (?, ?, ?, ?, ?)", rows)  # noqa: S608
        connection.commit()
    return len(found)
