"""Search tables in a file of DuckDB, for image search on one machine; in the cloud other programs fill BigQuery's."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterable
from pathlib import Path

import duckdb

from karst_clio.signatures.blocks import Layout, Signature
from karst_clio.signatures.hashing import part_of
from karst_clio.signatures.search import table_name
from karst_platform.stores.analytics_duckdb import DuckDbAnalytics


def fill_tables(file: Path, dataset: str, layout: Layout, signatures: Iterable[Signature]) -> int:
    """Write a dataset's search tables anew, all or none, and return how many signatures they hold.

    Raises `UnsearchableError` where tables can't have the dataset's name.
    """
    dialect = DuckDbAnalytics(file).dialect
    names = [table_name(dialect, dataset, number) for number in range(len(layout.masks))]
    with tempfile.NamedTemporaryFile("w", suffix=".csv", encoding="ascii", newline="") as rows:
        csv.writer(rows).writerows(_row(each, layout) for each in signatures)
        rows.flush()
        with duckdb.connect(str(file)) as connection, connection.begin():
            count = _load(connection, rows.name, len(names))
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {names[0].partition('.')[0]}")
            for number, name in enumerate(names):
                # In the order of parts, so that a question reads only a little of the table.
                columns = f"part{number} AS part, signature, x, y, z"
                connection.execute(f"CREATE OR REPLACE TABLE {name} AS FROM found SELECT {columns} ORDER BY ALL")
            connection.commit()
    return count


def _row(signature: Signature, layout: Layout) -> tuple[int, ...]:
    return (signature.bits, *signature.point, *(part_of(signature.bits, mask) for mask in layout.masks))


def _load(connection: duckdb.DuckDBPyConnection, path: str, masks: int) -> int:
    columns = ("signature", "x", "y", "z", *(f"part{number}" for number in range(masks)))
    types = dict.fromkeys(columns, "BIGINT")
    rows = "read_csv($path, header = false, auto_detect = false, columns = $types)"
    connection.execute(f"CREATE TEMP TABLE found AS FROM {rows}", {"path": path, "types": types})
    counted = connection.execute("SELECT count(*) FROM found").fetchone()
    return int(counted[0]) if counted else 0
