"""What pg_dump itself writes of a real database is read as it was, in each of its plain forms."""

from __future__ import annotations

import gzip
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy.engine import make_url

from karst_platform.dumps import Dump, DumpError, Table
from karst_platform.stores.embedded_postgres import EmbeddedPostgres
from karst_platform.testing_dumps import make_dump

STRANGE = (
    "",
    "plain",
    "a\tb\nc\r\nd\\e\\n\\N\\.",
    'it\'s "quoted"; -- no comment /* nor this */',
    "\\.",
    "$$ $tag$",
    "\b\f\v\x01\x7f",
    "Ünïcødé 𝄞",
    "-- PostgreSQL database dump complete",
    "INSERT INTO public.\"user\" VALUES (1, 'x');\nCOPY x FROM stdin;\n\\.\n",
)
_MAKE = """
CREATE SCHEMA "Old one";
CREATE TABLE "user" (
    id serial PRIMARY KEY, name varchar(120) DEFAULT 'a, b)' CHECK (length(name) < 120), is_on boolean NOT NULL,
    size bigint, share double precision, at timestamp, zoned timestamptz, numbers numeric(10, 2), lists integer[],
    CONSTRAINT named UNIQUE (id, name)
);
CREATE TABLE "Old one"."strange "" table" ("select" text, "CONSTRAINT" integer);
CREATE TABLE empty (id integer);
CREATE TABLE "Old one"."user" (id integer);
CREATE FUNCTION adds(a integer) RETURNS integer LANGUAGE sql
    BEGIN ATOMIC INSERT INTO empty VALUES (a); SELECT CASE WHEN a > 1 THEN a END; END;
CREATE FUNCTION says() RETURNS trigger LANGUAGE plpgsql AS $body$ BEGIN RAISE 'it''s; $$'; END $body$;
CREATE TRIGGER says BEFORE DELETE ON "user" FOR EACH ROW EXECUTE FUNCTION says();
COMMENT ON TABLE "user" IS 'People; with
a break';
INSERT INTO "Old one"."strange "" table" VALUES ('x', 1), (NULL, NULL);
INSERT INTO "Old one"."user" VALUES (99);
"""
FORMS = {
    "copy": [],
    "inserts": ["--inserts"],
    "columns": ["--column-inserts", "--rows-per-insert=3"],
    "data only": ["--data-only", "--column-inserts", "--disable-triggers"],
    "whole": ["--create", "--clean", "--if-exists", "--quote-all-identifiers", "--no-owner"],
}
USER = Table("public", "user")


@pytest.fixture(scope="module")
def dsn(embedded_postgres: EmbeddedPostgres) -> Iterator[str]:
    server, name = embedded_postgres.start(), f"dump_{uuid.uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    made = make_url(server).set(database=name).render_as_string(hide_password=False)
    with psycopg.connect(made) as connection:
        connection.execute(_MAKE)
        for number, text in enumerate(STRANGE):
            connection.execute(
                'INSERT INTO "user" (name, is_on, size, share, at, zoned, numbers, lists) '
                "VALUES (%s, %s, %s, %s, %s, %s, -1.5, '{1,2}')",
                (text, number % 2 == 0, 2**53 + 1, -1e-300, "2026-11-20 09:22:17.25", "2026-11-20 09:22:17+02"),
            )
        connection.execute('INSERT INTO "user" (name, is_on) VALUES (NULL, true)')
    yield made
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.mark.parametrize("form", FORMS)
def test_every_value_is_read_as_it_was(dsn: str, tmp_path: Path, form: str) -> None:
    read = Dump(make_dump(dsn, tmp_path / "dump.sql", *FORMS[form]))
    rows = list(read.rows([USER]))
    assert [row.optional_text("name") for row in rows] == [*STRANGE, None]
    assert [row.integer("id") for row in rows] == list(range(1, len(STRANGE) + 2))
    assert [row.flag("is_on") for row in rows[:3]] == [True, False, True]
    assert rows[0].integer("size") == 2**53 + 1
    assert rows[0].optional_number("share") == -1e-300
    assert rows[0].time("at").isoformat() == "2026-11-20T09:22:17.250000"
    assert rows[0].time("zoned").isoformat() == "2026-11-20T07:22:17"
    assert (rows[0].text("numbers"), rows[0].text("lists")) == ("-1.50", "{1,2}")
    assert (rows[-1].optional_integer("size"), rows[-1].optional_time("at")) == (None, None)
    assert read.sequences == {"user_id_seq": len(STRANGE) + 1}


@pytest.mark.parametrize("form", FORMS)
def test_tables_of_all_schemas_are_told_apart(dsn: str, tmp_path: Path, form: str) -> None:
    read = Dump(make_dump(dsn, tmp_path / "dump.sql", *FORMS[form]))
    strange = Table("Old one", 'strange " table')
    rows = [row for row in read.rows() if row.table == strange]
    assert [(row.optional_text("select"), row.optional_integer("CONSTRAINT")) for row in rows] == [
        ("x", 1),
        (None, None),
    ]
    counts = {table: count for table, count in read.tables.items() if count}
    assert counts == {USER: len(STRANGE) + 1, strange: 2, Table("Old one", "user"): 1}


def test_a_compressed_file_is_read_too(dsn: str, tmp_path: Path) -> None:
    plain = make_dump(dsn, tmp_path / "dump.sql").read_bytes()
    packed = tmp_path / "dump.sql.gz"
    packed.write_bytes(gzip.compress(plain))
    assert len(list(Dump(packed).rows([USER]))) == len(STRANGE) + 1
    packed.write_bytes(gzip.compress(plain)[:-20])
    with pytest.raises(DumpError, match="cut off"):
        list(Dump(packed).rows())


@pytest.mark.parametrize("form", ["copy", "inserts", "columns"])
def test_a_file_that_was_cut_off_anywhere_is_never_taken_for_a_whole_one(dsn: str, tmp_path: Path, form: str) -> None:
    whole = make_dump(dsn, tmp_path / "dump.sql", *FORMS[form]).read_bytes()
    end = whole.rindex(b"dump complete")
    cut = tmp_path / "cut.sql"
    for at in range(0, end, 97):
        cut.write_bytes(whole[:at])
        with pytest.raises(DumpError, match=r"^line \d+"):
            list(Dump(cut).rows())


@pytest.mark.parametrize("form", ["custom", "tar", "directory"])
def test_other_forms_are_refused_with_the_way_to_plain_text(dsn: str, tmp_path: Path, form: str) -> None:
    with pytest.raises(DumpError, match=r"pg_restore --file=dump\.sql"):
        list(Dump(make_dump(dsn, tmp_path / "made", f"--format={form}")).rows())
