"""Search tables in BigQuery, partitioned by `part` and clustered by `signature`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import cached_property

from google.api_core.exceptions import GoogleAPIError, NotFound
from google.auth.exceptions import GoogleAuthError
from google.cloud import bigquery

from karst_clio.signatures.search import Dialect, Match, UnsearchableError, similar_sql
from karst_platform.stores.documents import StoreUnavailableError

MOST_BYTES = 1 << 30
"""A question that would read more fails instead of costing more; with partitions it reads some megabytes."""
_TIMEOUT_S = 30
_DIALECT = Dialect(parameter="@", difference="{} ^ {}", union="UNION DISTINCT", random="RAND()", quote="`")


class BigQueryTables:
    """The search tables in a project's BigQuery; the client is made at the first question."""

    def __init__(self, make_client: Callable[[], bigquery.Client]) -> None:
        self._make_client = make_client

    async def alike(self, dataset: str, parameters: dict[str, int]) -> list[Match]:
        """Rows of the dataset's tables. Raises `UnsearchableError`, `StoreUnavailableError`."""
        sql = similar_sql(_DIALECT, dataset, len(parameters) - 1)
        config = bigquery.QueryJobConfig(
            query_parameters=[
                bigquery.ScalarQueryParameter(name, "INT64", value) for name, value in parameters.items()
            ],
            maximum_bytes_billed=MOST_BYTES,
            use_query_cache=True,
        )
        try:
            return await asyncio.to_thread(self._ask, sql, config)
        except NotFound:
            raise UnsearchableError(f"There are no search tables for {dataset}") from None
        except (GoogleAPIError, GoogleAuthError, TimeoutError) as error:
            raise StoreUnavailableError("BigQuery does not answer") from error

    def _ask(self, sql: str, config: bigquery.QueryJobConfig) -> list[Match]:
        rows = self._client.query_and_wait(sql, job_config=config, wait_timeout=_TIMEOUT_S, api_timeout=_TIMEOUT_S)
        return [Match(point=(row["x"], row["y"], row["z"]), distance=row["distance"]) for row in rows]

    @cached_property
    def _client(self) -> bigquery.Client:
        return self._make_client()
