"""A lab's auth service, and dumps of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from karst_platform.testing_dumps import make_dump

FORMS = {"copy": [], "inserts": ["--inserts"], "rows": ["--column-inserts", "--rows-per-insert=2", "--no-owner"]}
MakeDump = Callable[..., Path]


def fill_lab(dsn: str) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute((Path(__file__).parent / "upstream.sql").read_bytes())


@pytest.fixture
def lab(empty_dsn: str, tmp_path: Path) -> MakeDump:
    """Makes a dump of a lab's auth service, after some more statements."""
    fill_lab(empty_dsn)

    def make(*statements: str, form: str = "copy") -> Path:
        with psycopg.connect(empty_dsn) as connection:
            for statement in statements:
                connection.execute(statement.encode())
        return make_dump(empty_dsn, tmp_path / "dump.sql", *FORMS[form])

    return make
