"""BigQuery's client for tests, in front of a file of DuckDB."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import duckdb
from google.api_core.exceptions import BadRequest, NotFound
from google.cloud import bigquery

from karst_platform.stores.analytics_bigquery import BigQueryAnalytics

_NAME = re.compile(r"`([A-Za-z0-9_]+)`")
_DIFFERENCE = re.compile(r"(\w+) \^ (@\w+)")


class FakeBigQuery:
    """Answers BigQuery's SQL with DuckDB: quotes, `^` and parameters are spelled otherwise there, the rest is alike."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.configs: list[bigquery.QueryJobConfig] = []
        self.questions: list[str] = []
        self.failure: Exception | None = None

    def query_and_wait(
        self, query: str, *, job_config: bigquery.QueryJobConfig, wait_timeout: float, api_timeout: float
    ) -> Iterator[bigquery.Row]:
        """Rows as the real client gives them."""
        assert 0 < wait_timeout <= 60
        assert 0 < api_timeout <= 60
        self.questions.append(query)
        self.configs.append(job_config)
        if self.failure is not None:
            raise self.failure
        if '"' in query or "'" in query:
            raise BadRequest("texts in this query stand in parameters")
        if not self._file.exists():
            raise NotFound("dataset")
        parameters = {name: value for name, _, value in parameters_of(job_config)}
        sql = _DIFFERENCE.sub(r"xor(\1, \2)", _NAME.sub(r'"\1"', query)).replace("@", "$").replace("RAND()", "random()")
        with duckdb.connect(str(self._file), read_only=True) as connection:
            try:
                found = connection.execute(sql, parameters)
            except duckdb.CatalogException as error:
                raise NotFound(str(error)) from None
            places = {column[0]: place for place, column in enumerate(found.description or ())}
            rows = found.fetchall()
        return (bigquery.Row(row, places) for row in rows)


def parameters_of(config: bigquery.QueryJobConfig) -> list[tuple[str | None, str | None, object]]:
    """Names, types and values of a question's parameters."""
    scalars = [each for each in config.query_parameters if isinstance(each, bigquery.ScalarQueryParameter)]
    return [(each.name, each.type_, each.value) for each in scalars]


def faked(client: FakeBigQuery) -> BigQueryAnalytics:
    """Tables asked through a client of this file."""
    return BigQueryAnalytics(lambda: cast("bigquery.Client", client))
