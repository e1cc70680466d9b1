"""The steps of the database, up and down, on an empty one and on one that came from upstream."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from karst_auth.migrations import MIGRATIONS
from karst_auth.model import Base
from karst_platform.relational import engine_url


def _differences(dsn: str) -> list[object]:
    engine = create_engine(engine_url(dsn))
    with engine.connect() as connection:
        opts = {"version_table": "karst_auth_version", "compare_server_default": True}
        found = compare_metadata(MigrationContext.configure(connection, opts=opts), Base.metadata)
    engine.dispose()
    return list(found)


def _tables(dsn: str) -> set[str]:
    with psycopg.connect(dsn) as connection:
        rows = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    return {name for (name,) in rows}


def test_steps_make_the_tables_of_the_model(empty_dsn: str) -> None:
    MIGRATIONS.run(empty_dsn)
    assert _differences(empty_dsn) == []
    assert MIGRATIONS.step(empty_dsn) == MIGRATIONS.newest


def test_steps_seed_the_rows_that_upstream_begins_with(empty_dsn: str) -> None:
    MIGRATIONS.run(empty_dsn)
    with psycopg.connect(empty_dsn) as connection:
        assert connection.execute("SELECT id, name FROM permission ORDER BY id").fetchall() == [
            (1, "view"),
            (2, "edit"),
        ]
        assert connection.execute('SELECT id, name FROM "group"').fetchall() == [(1, "default")]


def test_down_and_up_again(empty_dsn: str) -> None:
    MIGRATIONS.run(empty_dsn)
    MIGRATIONS.run(empty_dsn, to="0001")
    assert MIGRATIONS.step(empty_dsn) == "0001"
    assert "audit" not in _tables(empty_dsn)
    MIGRATIONS.run(empty_dsn, to="base")
    assert _tables(empty_dsn) == {"karst_auth_version"}
    MIGRATIONS.run(empty_dsn, to="0001")
    MIGRATIONS.run(empty_dsn)
    assert _differences(empty_dsn) == []


def test_a_database_of_upstream_is_taken_over(empty_dsn: str) -> None:
    MIGRATIONS.run(empty_dsn, to="0001")
    with psycopg.connect(empty_dsn) as connection:
        connection.execute("DROP TABLE karst_auth_version")
        connection.execute(
            "CREATE TABLE alembic_version (version_num varchar(32)); INSERT INTO alembic_version VALUES ('x')"
        )
        connection.execute("INSERT INTO \"user\" (id, name, email) VALUES (7, 'Ada', 'ada@example.org')")
        connection.execute("INSERT INTO api_key (user_id, key) VALUES (7, repeat('a', 32))")
    MIGRATIONS.run(empty_dsn)
    with psycopg.connect(empty_dsn) as connection:
        assert connection.execute('SELECT id, email, active FROM "user"').fetchall() == [(7, "ada@example.org", True)]
        assert connection.execute("SELECT count(*) FROM \"group\" WHERE name = 'default'").fetchone() == (1,)
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == ("x",)


def test_addresses_are_kept_in_small_letters_and_nobody_has_the_same(empty_dsn: str) -> None:
    MIGRATIONS.run(empty_dsn, to="0003")
    with psycopg.connect(empty_dsn) as connection:
        insert = "INSERT INTO \"user\" (name, email) VALUES ('Ada', 'Ada@Example.org'), ('Ada', 'ada@example.org')"
        connection.execute(insert)
    with pytest.raises(ValueError, match="Users 1 and 2 have the same e-mail address but for capital letters"):
        MIGRATIONS.run(empty_dsn)
    with psycopg.connect(empty_dsn) as connection:
        assert connection.execute('SELECT email FROM "user" WHERE id = 1').fetchall() == [("Ada@Example.org",)]
        connection.execute('DELETE FROM "user" WHERE id = 2')
    MIGRATIONS.run(empty_dsn)
    with psycopg.connect(empty_dsn) as connection:
        assert connection.execute('SELECT email FROM "user"').fetchall() == [("ada@example.org",)]
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("INSERT INTO \"user\" (name, email) VALUES ('Ada', 'ADA@example.org')")


def test_several_processes_migrate_once(empty_dsn: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(MIGRATIONS.run, [empty_dsn] * 4))
    assert _differences(empty_dsn) == []


def test_the_audit_log_is_append_only(empty_dsn: str) -> None:
    MIGRATIONS.run(empty_dsn)
    with psycopg.connect(empty_dsn, autocommit=True) as connection:
        connection.execute("INSERT INTO audit (actor, action, subject) VALUES ('ada', 'user.add', 'user/1')")
        for statement in ("DELETE FROM audit", "UPDATE audit SET actor = 'bob'", "TRUNCATE audit"):
            with pytest.raises(psycopg.errors.RaiseException, match="never changed"):
                connection.execute(statement)
