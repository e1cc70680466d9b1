"""Tables in BigQuery. A question that would read too much fails before it costs anything."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import cached_property

from google.api_core.exceptions import GoogleAPIError, NotFound
from google.auth.exceptions import GoogleAuthError
from google.cloud import bigquery

from karst_platform.stores.analytics import Dialect, MissingTableError, Parameter, Row
from karst_platform.stores.documents import StoreUnavailableError

MOST_BYTES = 1 << 30
_TIMEOUT_S = 30
_DIALECT = Dialect(parameter="@", quote="`", exclusive_or="{} ^ {}", random="RAND()")
_TYPES: Mapping[type, str] = {bool: "BOOL", int: "INT64", float: "FLOAT64", str: "STRING"}


class BigQueryAnalytics:
    """The tables of a project; the client is made at the first question."""

    def __init__(self, make_client: Callable[[], bigquery.Client], *, most_bytes: int = MOST_BYTES) -> None:
        self._make_client, self._most_bytes = make_client, most_bytes

    @property
    def dialect(self) -> Dialect:
        """GoogleSQL."""
        return _DIALECT

    async def ask(self, sql: str, parameters: Mapping[str, Parameter]) -> list[Row]:
        """All rows of an answer. Raises `MissingTableError`, `StoreUnavailableError`."""
        config = bigquery.QueryJobConfig(
            query_parameters=[
                bigquery.ScalarQueryParameter(name, _TYPES[type(value)], value) for name, value in parameters.items()
            ],
            maximum_bytes_billed=self._most_bytes,
            use_query_cache=True,
        )
        try:
            return await asyncio.to_thread(self._ask, sql, config)
        except NotFound as error:
            raise MissingTableError("BigQuery has no table of this name") from error
        except (GoogleAPIError, GoogleAuthError, TimeoutError) as error:
            raise StoreUnavailableError("BigQuery does not answer") from error

    def _ask(self, sql: str, config: bigquery.QueryJobConfig) -> list[Row]:
        rows = self._client.query_and_wait(sql, job_config=config, wait_timeout=_TIMEOUT_S, api_timeout=_TIMEOUT_S)
        return [row.values() for row in rows]

    @cached_property
    def _client(self) -> bigquery.Client:
        return self._make_client()


def project_tables(project: str | None) -> BigQueryAnalytics:
    """The tables of a project, as this machine's identity may read them; of its own project where none is named."""
    return BigQueryAnalytics(lambda: bigquery.Client(project=project))
