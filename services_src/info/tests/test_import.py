"""Dumps of upstream's databases: taken over whole, with their ids, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from karst_info.imports.command import run
from karst_platform.exits import Exit
from karst_platform.testing_dumps import make_dump
from services_src.info.tests.support import ROOT, Told, caller, served, settings
from services_src.info.tests.upstream import OLD, PRESENT

FORMS = {"copy": [], "inserts": ["--inserts"], "rows": ["--column-inserts", "--rows-per-insert=2", "--no-owner"]}
MIRROR = """INSERT INTO image_source (id, name, image_source, description, aligned_volume_id)
            VALUES (3, 'gcp', 'precomputed://gs://mirror/em', 'Ärmel', 12)"""
ALL = "SELECT id, name, description, image_source FROM aligned_volume ORDER BY id"
MakeDump = Callable[..., Path]


def query(dsn: str, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(dsn) as connection:
        return connection.execute(statement.encode()).fetchall()


@pytest.fixture
def lab(empty_dsn: str, tmp_path: Path) -> MakeDump:
    """Makes a dump of a lab's database."""

    def make(*statements: str, made: tuple[str, ...] = PRESENT, form: str = "copy") -> Path:
        with psycopg.connect(empty_dsn) as connection:
            for statement in (*made, *statements):
                connection.execute(statement.encode())
        return make_dump(empty_dsn, tmp_path / "dump.sql", *FORMS[form])

    return make


@pytest.fixture
def target(write_dsn: str) -> str:
    """A migrated database without rows."""
    with psycopg.connect(write_dsn) as connection:
        connection.execute("TRUNCATE aligned_volume CASCADE")
    return write_dsn


def command(dump: Path, to: str, *options: str) -> Exit:
    return run(["import", str(dump), "--to", to, *options])


@pytest.mark.parametrize("form", FORMS)
def test_a_dump_becomes_rows_with_their_ids(
    lab: MakeDump, target: str, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    dump = lab(MIRROR, form=form)
    assert command(dump, target) == Exit.OK
    assert query(target, ALL) == [
        (12, "minnie65_phase3", "Two\nlines; 'quoted'", "precomputed://gs://lab-em/minnie65/"),
    ]
    assert query(target, "SELECT id, name, aligned_volume_id FROM datastack") == [(17, "minnie65", 12)]
    assert query(target, "SELECT id, description FROM image_source") == [(3, "Ärmel")]
    told = capsys.readouterr().err
    assert "Imported 3 rows" in told
    assert "public.dataset" in told
    assert "aligned volume minnie65_phase3: Images ends with '/'" in told
    with psycopg.connect(target) as connection:
        row = connection.execute(
            "INSERT INTO datastack (name, local_server) VALUES ('new', 'https://x') RETURNING id"
        ).fetchone()
    assert row == (31,), "after the last that ever was"


def test_a_dump_of_an_older_version_lacks_columns(lab: MakeDump, target: str) -> None:
    assert command(lab(made=OLD), target) == Exit.OK
    assert query(target, "SELECT id, display_name, base_link_id FROM datastack") == [(17, None, None)]


def test_the_same_dump_twice_changes_nothing(lab: MakeDump, target: str, capsys: pytest.CaptureFixture[str]) -> None:
    dump = lab()
    assert (command(dump, target), command(dump, target)) == (Exit.OK, Exit.OK)
    assert "nothing was done" in capsys.readouterr().err


def test_what_a_database_holds_is_taken_away_only_when_told(
    lab: MakeDump, write_dsn: str, capsys: pytest.CaptureFixture[str]
) -> None:
    dump, before = lab(), query(write_dsn, ALL)
    assert command(dump, write_dsn) == Exit.USAGE
    assert "its table aligned_volume has 2 rows" in capsys.readouterr().err
    assert command(dump, write_dsn, "--replace", "--dry-run") == Exit.OK
    assert query(write_dsn, ALL) == before
    assert command(dump, write_dsn, "--replace") == Exit.OK
    assert [row[0] for row in query(write_dsn, ALL)] == [12]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("\t12\t", "\t99\t", "aligned_volume_id is 99, and there is no aligned_volume of this id"),
        ("17\tminnie65", "x\tminnie65", "id"),
        ("17\tminnie65", "17\t" + "m" * 101, "name is longer than 100 characters"),
        ("17\tminnie65", "99999999999\tminnie65", "id is not between 0 and 2147483647"),
        ("-- PostgreSQL database dump complete", "", "cut off"),
    ],
)
def test_a_damaged_dump_writes_nothing(
    lab: MakeDump, target: str, capsys: pytest.CaptureFixture[str], old: str, new: str, told: str
) -> None:
    dump = lab()
    text = dump.read_text()
    assert old in text
    dump.write_text(text.replace(old, new))
    assert command(dump, target) == Exit.DAMAGED
    assert told in capsys.readouterr().err
    assert query(target, ALL) == []


def test_what_is_no_dump_is_refused(tmp_path: Path, target: str, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "other.sql"
    other.write_text("SELECT 1;\n--\n-- PostgreSQL database dump complete\n--\n")
    assert command(other, target) == Exit.USAGE
    assert "has no table public.datastack" in capsys.readouterr().err
    assert command(tmp_path / "none.sql", target) == Exit.USAGE
    assert command(other, "postgresql://nobody:hunter2@127.0.0.1:1/x") == Exit.STORE
    assert "hunter2" not in capsys.readouterr().err


@pytest.mark.anyio
async def test_clients_find_what_was_taken_over(lab: MakeDump, target: str) -> None:
    import asyncio  # noqa: PLC0415

    assert await asyncio.to_thread(command, lab(), target) == Exit.OK
    authority = Told(mapped={("datastack", "minnie65"): "fish", ("aligned_volume", "minnie65_phase3"): "fish"})
    async with served(settings(target), authority) as app, caller(app, "viewer") as client:
        full = (await client.get(f"{ROOT}/api/v2/datastack/full/minnie65")).json()
        assert full["aligned_volume"]["id"] == 12
        by_id = await client.get(f"{ROOT}/api/v2/aligned_volume/id/12")
        assert by_id.json()["name"] == "minnie65_phase3"
