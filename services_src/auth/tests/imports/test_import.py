"""A lab's auth service moves: whoever had a key, a role or a grant has it here, under the same ids."""

from __future__ import annotations

import asyncio
import uuid
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import select

from karst_auth.changes import groups, tokens, users
from karst_auth.changes.ledger import DEPLOYMENT, Ledger
from karst_auth.imports.command import IMPORTING, run, take_over
from karst_auth.imports.importing import Imported
from karst_auth.imports.upstream import TABLES
from karst_auth.main import make_auth
from karst_auth.migrations import MIGRATIONS
from karst_auth.model import ApiKey, AuditEntry, Membership
from karst_auth.settings import AuthSettings
from karst_platform.cave.guard.push import NoChanges
from karst_platform.dumps.importing import Import, read_order
from karst_platform.exits import Exit
from karst_platform.relational import Relational
from karst_platform.stores.embedded_postgres import EmbeddedPostgres
from karst_platform.testing_databases import drop_database, make_database
from karst_platform.testing_dumps import make_dump
from services_src.auth.tests.imports.conftest import FORMS, MakeDump

ADA, BOB, ROBOT = "0123456789abcdef" * 2, "b0" * 16, "0" * 29 + "abc"


def told(dump: Path, dsn: str, *options: str) -> Import:
    return read_order(["import", str(dump), "--to", dsn, *options], IMPORTING)


async def work(order: Import) -> Imported:
    if not order.is_dry:
        await asyncio.to_thread(MIGRATIONS.run, order.to)
    return await take_over(order)


def rows(dsn: str, table: str, *but: str) -> list[tuple[object, ...]]:
    columns = sql.SQL(", ").join(
        sql.Identifier(each.name)
        for each in next(one for one in TABLES if one.name == table).columns
        if each.name not in ("active", "token_hash", "token_hint", *but) or table == "user_custom_name"
    )
    with psycopg.connect(dsn) as connection:
        query = sql.SQL("SELECT {} FROM {} ORDER BY id").format(columns, sql.Identifier(table))
        return connection.execute(query).fetchall()


@pytest.mark.parametrize("form", FORMS)
async def test_every_row_arrives_with_its_id(lab: MakeDump, empty_dsn: str, auth_dsn: str, form: str) -> None:
    imported = await work(told(lab(form=form), auth_dsn))
    for table in (each.name for each in TABLES):
        but = {"user": ["email"], "api_key": ["key"]}.get(table, [])
        assert rows(auth_dsn, table, *but) == rows(empty_dsn, table, *but), table
        assert imported.counts[table] == len(rows(auth_dsn, table))
        assert imported.counts[table] > 0
    assert {str(name): count for name, count in imported.passed_over.items()} == {"public.alembic_version": 1}


async def test_keys_go_on_working_and_only_their_hashes_are_kept(lab: MakeDump, auth_settings: AuthSettings) -> None:
    await work(told(lab(), auth_settings.postgres_dsn.get_secret_value()))
    auth = make_auth(auth_settings)
    ada, bob, robot = [await auth.needs.authority.record(token) for token in (ADA, BOB, ROBOT)]
    assert ada is not None
    assert bob is not None
    assert robot is not None
    assert (ada.id, ada.email, ada.admin, ada.groups_admin) == (3, "ada@example.org", True, ("lab",))
    assert (bob.name, bob.groups) == ("Robert", ("default", "proofreaders"))
    assert bob.permissions == {"h01": ("view",)}
    assert [each.dataset_name for each in bob.missing_tos] == ["gated"]
    assert robot.permissions == {"h01": ("view", "edit"), "gated": ("view",)}
    assert await auth.needs.authority.dataset_of("datastack", "h01_v1") == "h01"
    assert await auth.needs.authority.is_public("h01_table", 864691128640000000)
    async with auth.needs.database.begin() as session:
        kept = (await session.execute(select(ApiKey.key, ApiKey.token_hint).order_by(ApiKey.id))).all()
    assert kept == [(None, "0123...cdef"), (None, "b0b0...b0b0"), (None, "0000...0abc")]
    await auth.needs.database.close()


async def test_new_rows_get_ids_that_nobody_ever_had(lab: MakeDump, auth_dsn: str, database: Relational) -> None:
    await work(told(lab(), auth_dsn))
    async with Ledger(database, NoChanges()).change(DEPLOYMENT) as change:
        user_id = await users.create(change, name="Cem", address="cem@example.org")
        await tokens.create_key(change, user_id)
        assert user_id == 13
        assert await groups.create(change, name="new") == 4
        assert await change.session.scalar(select(ApiKey.id).where(ApiKey.user_id == 13)) == 6
        joined = select(Membership.group_id).where(Membership.user_id == 13)
        assert (await change.session.scalars(joined)).all() == [2]


def test_the_same_dump_again_changes_nothing_and_says_so(
    lab: MakeDump, auth_dsn: str, capsys: pytest.CaptureFixture[str]
) -> None:
    dump = lab()
    assert run(["import", str(dump), "--to", auth_dsn]) is Exit.OK
    said = capsys.readouterr().err
    assert "user                                3" in said
    assert "public.alembic_version              1  passed over" in said
    assert "Imported 36 rows into postgresql://" in said
    before = {table.name: rows(auth_dsn, table.name) for table in TABLES}
    assert run(["import", str(dump), "--to", auth_dsn]) is Exit.OK
    assert "nothing was done" in capsys.readouterr().err
    assert {table.name: rows(auth_dsn, table.name) for table in TABLES} == before


def test_a_database_that_holds_something_is_left_as_it_is_unless_told(
    lab: MakeDump, auth_dsn: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with psycopg.connect(auth_dsn) as connection:
        connection.execute("INSERT INTO \"user\" (name, email) VALUES ('Eve', 'eve@example.org')")
        connection.execute("INSERT INTO user_group (user_id, group_id) VALUES (1, 1)")
        connection.execute(
            "INSERT INTO login_token (user_id, token_hash, token_hint, expires) VALUES (1, 'x', 'x', '2100-01-01')"
        )
    before = rows(auth_dsn, "user")
    assert run(["import", str(lab()), "--to", auth_dsn]) is Exit.USAGE
    assert "isn't empty: its table user has 1 rows" in capsys.readouterr().err
    assert rows(auth_dsn, "user") == before
    assert run(["import", str(lab()), "--to", auth_dsn, "--replace"]) is Exit.OK
    assert [row[0] for row in rows(auth_dsn, "user")] == [3, 7, 9]
    changed = lab("DELETE FROM user_custom_name WHERE user_id = 3")
    assert run(["import", str(changed), "--to", auth_dsn]) is Exit.USAGE
    assert run(["import", str(changed), "--to", auth_dsn, "--replace"]) is Exit.OK
    assert len(rows(auth_dsn, "user_custom_name")) == 1


async def test_a_dry_run_writes_nothing_not_even_tables(lab: MakeDump, embedded_postgres: EmbeddedPostgres) -> None:
    server, name = embedded_postgres.start(), f"dry_{uuid.uuid4().hex}"
    dsn = make_database(server, name)
    imported = await work(told(lab(), dsn, "--dry-run"))
    assert imported.counts["user"] == 3
    with psycopg.connect(dsn) as connection:
        assert connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)
    drop_database(server, name)


async def test_an_empty_database_gets_its_tables_first(lab: MakeDump, embedded_postgres: EmbeddedPostgres) -> None:
    server, name = embedded_postgres.start(), f"new_{uuid.uuid4().hex}"
    dsn = make_database(server, name)
    await work(told(lab(), dsn))
    assert MIGRATIONS.step(dsn) == MIGRATIONS.newest
    assert len(rows(dsn, "user")) == 3
    drop_database(server, name)


async def test_the_audit_log_says_what_came_from_where(lab: MakeDump, auth_dsn: str, database: Relational) -> None:
    await work(told(lab(), auth_dsn))
    async with database.begin() as session:
        entry = (await session.scalars(select(AuditEntry))).one()
    assert (entry.action, entry.subject, entry.actor_id) == ("database.import", "dump.sql", None)
    assert entry.after is not None
    assert entry.after["rows"]["user"] == 3
    assert ADA not in str(entry.after)


async def test_a_dump_of_a_database_of_ours_can_be_imported_too(
    lab: MakeDump, auth_dsn: str, embedded_postgres: EmbeddedPostgres, tmp_path: Path
) -> None:
    await work(told(lab(), auth_dsn))
    server, name = embedded_postgres.start(), f"copy_{uuid.uuid4().hex}"
    dsn = make_database(server, name)
    await work(told(make_dump(auth_dsn, tmp_path / "ours.sql"), dsn))
    for table in TABLES:
        with psycopg.connect(dsn) as one, psycopg.connect(auth_dsn) as other:
            query = sql.SQL("SELECT * FROM {} ORDER BY id").format(sql.Identifier(table.name))
            assert one.execute(query).fetchall() == other.execute(query).fetchall()
    drop_database(server, name)
