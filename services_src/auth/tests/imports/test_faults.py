"""What a dump can have wrong: it is said with its line and table, nothing is written, no key or address is shown."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from karst_auth.imports.command import run
from karst_platform.exits import Exit
from karst_platform.testing_databases import drop_database, make_database
from karst_platform.testing_dumps import make_dump
from services_src.auth.tests.imports.conftest import MakeDump, fill_lab

KEY, ADDRESS = "0123456789abcdef" * 2, "ada@example.org"
BOBS_KEY = "b0" * 16
ROW = "\t2023-07-06 07:08:09"
WRONG = {
    "an address twice": (
        ("\n9\tRobot\t", f"\n11\tAda\tADA@example.org\tf\tf\t{ROW}\t\\N\tf\n9\tRobot\t"),
        ["table public.user: email: the same as in line", "capital letters aside"],
    ),
    "a key twice": ((BOBS_KEY, KEY), ["table public.api_key: token_hash: the same as in line"]),
    "a member who is not there": (
        ("\n5\t9\t3\tf\n", "\n5\t77\t3\tf\n"),
        ["table public.user_group: user_id is 77, and there is no user of this id"],
    ),
    "a parent who is not there": ((f"{ROW}\t3\tf", f"{ROW}\t88\tf"), ["table public.user: parent_id is 88"]),
    "a name that is too long": (
        ("\n1\th01\t\\N", f"\n1\t{'x' * 121}\t\\N"),
        ["table public.dataset: column name is longer than 120"],
    ),
    "an id that is none": (
        ("\n1\thttps:", "\n3000000000\thttps:"),
        ["table public.app: column id is not between 0 and 2147483647"],
    ),
    "no name": (("\n9\tRobot\t", "\n9\t\\N\t"), ["table public.user: column name is NULL"]),
    "a column that is missing": (
        ("COPY public.api_key (id, description, user_id", "COPY public.api_key (id, description, owner"),
        ["column user_id is missing"],
    ),
    "permissions of other ids": (("\n1\tview\n", "\n1\tsee\n"), ["permission 1 is not view"]),
    "another database": (
        ('COPY public."user"', "COPY public.people"),
        ["has no table public.user. Is it one of auth?"],
    ),
    "another schema": (("COPY public.", "COPY cave."), ["--schema cave"]),
}


@pytest.fixture(scope="module")
def target(auth_template: str) -> Iterator[str]:
    """A database that stays empty."""
    name = f"auth_{uuid.uuid4().hex}"
    yield make_database(auth_template, name, "auth_template")
    drop_database(auth_template, name)


@pytest.fixture(scope="module")
def dump(auth_template: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    name = f"lab_{uuid.uuid4().hex}"
    dsn = make_database(auth_template, name)
    fill_lab(dsn)
    path = make_dump(dsn, tmp_path_factory.mktemp("dump") / "dump.sql")
    drop_database(auth_template, name)
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize("fault", WRONG)
def test_nothing_is_written(
    target: str, dump: str, tmp_path: Path, fault: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (right, wrong), words = WRONG[fault]
    assert right in dump
    path = tmp_path / "dump.sql"
    path.write_text(dump.replace(right, wrong), encoding="utf-8")
    assert run(["import", str(path), "--to", target]) in (Exit.DAMAGED, Exit.USAGE)
    said = capsys.readouterr().err
    assert all(word in said for word in words), said
    assert KEY not in said
    assert ADDRESS not in said.lower()
    with psycopg.connect(target) as connection:
        query = 'SELECT (SELECT count(*) FROM "user"), (SELECT count(*) FROM audit), (SELECT count(*) FROM permission)'
        assert connection.execute(query).fetchone() == (0, 0, 2)


def test_a_dump_that_was_cut_off_writes_nothing(
    lab: MakeDump, auth_dsn: str, capsys: pytest.CaptureFixture[str]
) -> None:
    dump = lab()
    whole = dump.read_bytes()
    dump.write_bytes(whole[: whole.index(KEY.encode()) + 40])
    assert run(["import", str(dump), "--to", auth_dsn]) is Exit.DAMAGED
    said = capsys.readouterr().err
    assert "table public.api_key" in said
    assert KEY not in said
    with psycopg.connect(auth_dsn) as connection:
        assert connection.execute('SELECT count(*) FROM "user"').fetchone() == (0,)


def test_columns_that_came_later_get_what_new_rows_get(lab: MakeDump, auth_dsn: str) -> None:
    old = lab('ALTER TABLE "user" DROP COLUMN read_only, DROP COLUMN pi', "ALTER TABLE user_group DROP COLUMN admin")
    assert run(["import", str(old), "--to", auth_dsn]) is Exit.OK
    with psycopg.connect(auth_dsn) as connection:
        assert connection.execute('SELECT DISTINCT read_only, pi, active FROM "user"').fetchall() == [(False, "", True)]
        assert connection.execute("SELECT DISTINCT admin FROM user_group").fetchall() == [(False,)]


def test_what_cannot_be_reached_is_said(tmp_path: Path, lab: MakeDump, capsys: pytest.CaptureFixture[str]) -> None:
    address = "postgresql://ada:hunter2@127.0.0.1:1/x"
    assert run(["import", str(lab()), "--to", address]) is Exit.STORE
    assert run(["import", str(tmp_path / "none.sql"), "--to", address]) is Exit.USAGE
    assert run(["import", str(lab()), "--to", "mysql://ada:hunter2@x/y"]) is Exit.USAGE
    said = capsys.readouterr().err
    assert "none.sql is not there" in said
    assert "Write postgresql://" in said
    assert "hunter2" not in said
