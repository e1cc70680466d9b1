"""Image search for tests: BigQuery's client in front of DuckDB, and blocks in a folder."""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path

import duckdb
from google.api_core.exceptions import BadRequest, NotFound
from google.cloud import bigquery

from karst_clio.signatures.blocks import Layout, Signature

LAYOUT = Layout(block_size=128, masks=(0xFFFF, 0xFFFF << 16, 0xFFFF << 32, 0xFFFF << 48))
_TABLE = re.compile(r"`([a-z0-9_]+)`")
_DIFFERENCE = re.compile(r"signature \^ @signature")


class FakeBigQuery:
    """Answers BigQuery's SQL with DuckDB: quotes, `^` and parameters are spelled otherwise there, the rest is alike."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.configs: list[bigquery.QueryJobConfig] = []
        self.questions: list[str] = []
        self.failure: Exception | None = None

    def query_and_wait(
        self, query: str, *, job_config: bigquery.QueryJobConfig, wait_timeout: float, api_timeout: float
    ) -> Iterator[dict[str, int]]:
        """Rows by names of columns, as the real client gives them."""
        assert 0 < wait_timeout <= 60
        assert 0 < api_timeout <= 60
        self.questions.append(query)
        self.configs.append(job_config)
        if self.failure is not None:
            raise self.failure
        if '"' in query or "'" in query:
            raise BadRequest("texts in this query stand in parameters")
        parameters = dict(whole_numbers(job_config))
        sql = _DIFFERENCE.sub("xor(signature, $signature)", _TABLE.sub(r'"\1"', query))
        sql = sql.replace("@", "$").replace("UNION DISTINCT", "UNION").replace("RAND()", "random()")
        with duckdb.connect(str(self._file), read_only=True) as connection:
            try:
                rows = connection.execute(sql, parameters).fetchall()
            except duckdb.CatalogException as error:
                raise NotFound(str(error)) from None
        return ({"x": x, "y": y, "z": z, "distance": distance} for x, y, z, distance in rows)


def whole_numbers(config: bigquery.QueryJobConfig) -> list[tuple[str | None, object]]:
    """Names and values of the parameters that are whole numbers."""
    scalars = [each for each in config.query_parameters if isinstance(each, bigquery.ScalarQueryParameter)]
    return [(each.name, each.value) for each in scalars if each.type_ == "INT64"]


def write_blocks(folder: Path, dataset: str, layout: Layout, signatures: Iterable[Signature]) -> None:
    """Write signatures as the bucket has them: little-endian records of 20 bytes, a file a block."""
    files: dict[str, bytes] = {}
    for each in signatures:
        name = "_".join(str(at // layout.block_size) for at in each.point)
        files[name] = files.get(name, b"") + struct.pack("<IIIq", *each.point, each.bits)
    (folder / dataset / "blocks").mkdir(parents=True)
    for name, content in files.items():
        (folder / dataset / "blocks" / name).write_bytes(content)
    masks = {f"ham_{number}": mask if number % 2 else str(mask) for number, mask in enumerate(layout.masks)}
    (folder / dataset / "info.json").write_text(json.dumps({"block_size": layout.block_size} | masks))
