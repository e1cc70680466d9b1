"""The steps of the database, up and down, on an empty one and on those that came from upstream."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine
from sqlalchemy.exc import DBAPIError

from karst_info.migrations import MIGRATIONS
from karst_info.model import Base
from karst_platform.relational import engine_url
from services_src.info.tests.upstream import OLD, PRESENT


def _differences(dsn: str) -> list[object]:
    engine = create_engine(engine_url(dsn))
    ours = set(Base.metadata.tables)

    def is_ours(_thing: object, name: str | None, kind: str, _reflected: bool, _other: object) -> bool:
        return kind != "table" or name in ours

    with engine.connect() as connection:
        opts = {"version_table": "karst_info_version", "compare_server_default": True, "include_object": is_ours}
        found = compare_metadata(MigrationContext.configure(connection, opts=opts), Base.metadata)
    engine.dispose()
    return list(found)


def _run(dsn: str, *statements: str) -> None:
    with psycopg.connect(dsn) as connection:
        for statement in statements:
            connection.execute(statement)  # type: ignore[arg-type]  # what this file writes


def test_steps_make_the_tables_of_the_model_and_go_back(empty_dsn: str) -> None:
    MIGRATIONS.run(empty_dsn)
    assert _differences(empty_dsn) == []
    assert MIGRATIONS.step(empty_dsn) == MIGRATIONS.newest
    MIGRATIONS.run(empty_dsn, to="0001")
    MIGRATIONS.run(empty_dsn, to="base")
    MIGRATIONS.run(empty_dsn, to="0001")
    MIGRATIONS.run(empty_dsn)
    assert _differences(empty_dsn) == []


@pytest.mark.parametrize("made", [PRESENT, OLD], ids=["present", "old"])
def test_a_database_of_upstream_is_taken_over(empty_dsn: str, made: tuple[str, ...]) -> None:
    _run(empty_dsn, *made)
    MIGRATIONS.run(empty_dsn)
    # Constraints have the names that upstream gave them.
    differing = [each for each in _differences(empty_dsn) if "_constraint" not in str(each)]
    assert differing == []
    with psycopg.connect(empty_dsn) as connection:
        told = connection.execute("SELECT id, name, aligned_volume_id, local_server FROM datastack").fetchall()
        assert told == [(17, "minnie65", 12, "https://local.example.org")]
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == ("f0",)
        assert connection.execute("SELECT count(*) FROM dataset").fetchone() == (1,), "what we don't use stays"
        connection.execute("INSERT INTO image_source (name, image_source) VALUES ('a', 'precomputed://gs://x/y')")


def test_several_processes_migrate_once(empty_dsn: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(MIGRATIONS.run, [empty_dsn] * 4))
    assert _differences(empty_dsn) == []


def test_whoever_writes_is_counted(empty_dsn: str) -> None:
    MIGRATIONS.run(empty_dsn)
    counts: list[int] = []
    for statement in (
        "INSERT INTO aligned_volume (name, image_source) VALUES ('v', 'precomputed://gs://x/y')",
        "UPDATE aligned_volume SET description = 'x'",
        "DELETE FROM aligned_volume",
        "TRUNCATE aligned_volume CASCADE",
    ):
        _run(empty_dsn, statement)
        with psycopg.connect(empty_dsn) as connection:
            row = connection.execute("SELECT revision FROM karst_info_revision").fetchone()
        assert row is not None
        counts.append(row[0])
    assert counts == sorted(set(counts)), "each one counts"


def test_texts_may_be_longer_than_upstream_takes_and_then_nothing_goes_back(empty_dsn: str) -> None:
    MIGRATIONS.run(empty_dsn)
    _run(empty_dsn, "INSERT INTO aligned_volume (name, image_source) VALUES ('v', repeat('x', 300))")
    with pytest.raises(DBAPIError, match="too long"):
        MIGRATIONS.run(empty_dsn, to="0001")
    assert MIGRATIONS.step(empty_dsn) == MIGRATIONS.newest


def test_two_volumes_may_have_mirrors_of_one_name(empty_dsn: str) -> None:
    _run(empty_dsn, *PRESENT)
    MIGRATIONS.run(empty_dsn)
    _run(
        empty_dsn,
        "INSERT INTO aligned_volume (id, name, image_source) VALUES (13, 'other', 'precomputed://gs://x/y')",
        """INSERT INTO image_source (name, image_source, aligned_volume_id) VALUES
           ('gcp', 'precomputed://gs://x/y', 12), ('gcp', 'precomputed://gs://x/z', 13)""",
    )
    with pytest.raises(psycopg.errors.UniqueViolation):
        _run(
            empty_dsn,
            "INSERT INTO image_source (name, image_source, aligned_volume_id) VALUES ('gcp', 'x://y', 13)",
        )
