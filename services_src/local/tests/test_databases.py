"""Each service has a database of its own, made and brought up to date by the run."""

from __future__ import annotations

import psycopg
import pytest

from karst_local.databases import database_of, prepare_databases
from karst_local.faults import Exit, LocalError
from karst_local.services import Declared
from karst_platform.stores.embedded_postgres import EmbeddedPostgres

pytestmark = pytest.mark.anyio


def service(*databases: str, module: str = "karst_info") -> Declared:
    return Declared(
        name="x",
        description="",
        module=module,
        prefix="/x",
        ready_path="/readyz",
        variables=frozenset(),
        databases=databases,
    )


async def test_a_database_is_made_once(embedded_postgres: EmbeddedPostgres) -> None:
    dsn = embedded_postgres.start()
    told = [service("elsewhere"), service()]
    assert await prepare_databases(dsn, told) == 1
    assert await prepare_databases(dsn, told) == 0
    with psycopg.connect(database_of(dsn, "elsewhere")) as connection:
        assert connection.execute("SELECT count(*) FROM datastack").fetchone() == (0,)
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("DROP DATABASE elsewhere")


async def test_a_database_that_cant_be_made_says_what_to_do() -> None:
    with pytest.raises(LocalError, match="Let the user of the address make databases") as refused:
        await prepare_databases("postgresql://ada:hunter2@127.0.0.1:1/x", [service("info")])
    assert refused.value.exit_code is Exit.DATABASE
    assert "hunter2" not in str(refused.value)


def test_stores_have_the_names_that_deployments_give_them() -> None:
    assert database_of("postgresql://db/postgres", "info") == "postgresql://db/infoservice"
    assert database_of("postgresql://db/postgres", "auth") == "postgresql://db/authentication"
