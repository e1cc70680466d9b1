"""Tables in a file of DuckDB, on one machine."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

import duckdb

from karst_platform.stores.analytics import Dialect, MissingTableError, Parameter, Row
from karst_platform.stores.documents import StoreUnavailableError

_DIALECT = Dialect(parameter="$", quote='"', exclusive_or="xor({}, {})", random="random()")


class DuckDbAnalytics:
    """The tables of a file, which is opened for each question: in between, other programs can write to it."""

    def __init__(self, file: Path) -> None:
        self._file = file

    @property
    def dialect(self) -> Dialect:
        """DuckDB's."""
        return _DIALECT

    async def ask(self, sql: str, parameters: Mapping[str, Parameter]) -> list[Row]:
        """All rows of an answer. Raises `MissingTableError`, `StoreUnavailableError`."""
        return await asyncio.to_thread(self._ask, sql, dict(parameters))

    def _ask(self, sql: str, parameters: dict[str, Parameter]) -> list[Row]:
        if not self._file.exists():
            raise MissingTableError(f"There is no file {self._file.name}")
        try:
            with duckdb.connect(str(self._file), read_only=True) as connection:
                return connection.execute(sql, parameters).fetchall()
        except duckdb.CatalogException as error:
            raise MissingTableError(f"{self._file.name} has no table of this name") from error
        except duckdb.Error as error:
            raise StoreUnavailableError(f"{self._file.name} can't be read ({type(error).__name__})") from error
