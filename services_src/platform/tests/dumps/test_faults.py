"""What is wrong with a dump is said with its line and its table, and never with a value: that may be a token."""

from __future__ import annotations

from pathlib import Path

import pytest

from karst_platform.dumps import Dump, DumpError, Row, Table

END = "--\n-- PostgreSQL database dump complete\n--\n"
SECRET = "0123456789abcdef0123456789abcdef"
WRONG = {
    "COPY public.x (id, key) FROM stdin;\n1\tSECRET\tmore\n\\.\n": (
        2,
        "public.x",
        "the row has 3 values, the table 2 columns",
    ),
    "COPY public.x (id, key) FROM '/etc/passwd';\n": (1, "public.x", "only COPY"),
    "COPY public.x (id) FROM stdin WITH (FORMAT csv);\n1\n\\.\n": (1, "public.x", "only COPY"),
    "COPY public.x FROM stdin;\n1\n\\.\n": (1, "public.x", "columns are not known"),
    "\nINSERT INTO public.x VALUES (1);\n": (2, "public.x", "--column-inserts"),
    "INSERT INTO public.x (id, key) VALUES (1);\n": (1, "public.x", "1 values, the table 2"),
    "INSERT INTO public.x (key) VALUES (pg_read_file('SECRET'));\n": (1, "public.x", "neither text"),
    "INSERT INTO public.x (key) SELECT 'SECRET';\n": (1, "public.x", "VALUES"),
    "INSERT INTO public.x (key) VALUES ('SECRET' || 'a');\n": (1, "public.x", "no plain"),
    "INSERT INTO public.x (key) VALUES ('SECRET": (1, None, "ends within a text"),
    "\nSET client_encoding = 'LATIN1';\n": (2, None, "--encoding=UTF8"),
    "CREATE TABLE public.x (\n    id integer\n": (5, None, "list of columns"),
    "\\connect one\n\\connect other\n": (2, None, "several databases"),
}


def read(folder: Path, text: str) -> list[Row]:
    path = folder / "dump.sql"
    path.write_text(text.replace("SECRET", SECRET), encoding="utf-8", newline="")
    return list(Dump(path).rows())


@pytest.mark.parametrize("text", WRONG)
def test_faults_name_line_and_table(tmp_path: Path, text: str) -> None:
    line, table, message = WRONG[text]
    with pytest.raises(DumpError) as raised:
        read(tmp_path, text + END)
    error = raised.value
    assert (error.line, str(error.table) if error.table else None) == (line, table)
    assert message in str(error)
    assert SECRET not in str(error)


def test_a_file_without_its_last_line_was_cut_off(tmp_path: Path) -> None:
    whole = "COPY public.x (id) FROM stdin;\n1\n\\.\n"
    assert len(read(tmp_path, whole + END + "\\unrestrict abc\n\n")) == 1
    for text in ("", whole, whole + END + "SELECT 1;\n"):
        with pytest.raises(DumpError, match="cut off"):
            read(tmp_path, text)


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "dump.sql"
    path.write_bytes(("-- PostgreSQL database dump\n" + END).encode("utf-16"))
    with pytest.raises(DumpError, match=r"^line 1: this is not UTF-8"):
        list(Dump(path).rows())


def test_lines_may_end_as_on_windows(tmp_path: Path) -> None:
    rows = read(tmp_path, ("COPY public.x (id, a) FROM stdin;\n1\tb\n\\.\n" + END).replace("\n", "\r\n"))
    assert [dict(row.values) for row in rows] == [{"id": "1", "a": "b"}]


def test_old_servers_named_no_schemas_and_escaped_in_all_texts(tmp_path: Path) -> None:
    told = (
        "SET standard_conforming_strings = off;\nSET search_path = old, pg_catalog;\n"
        "INSERT INTO x (a) VALUES ('it\\'s\\n\\101');\n"
        "SET standard_conforming_strings = on;\nSET search_path TO public;\nINSERT INTO x (a) VALUES ('\\n', E'\\n');\n"
    )
    rows = read(tmp_path, told.replace("'\\n', E'\\n'", "E'\\u0041\\x42\\n'") + END)
    assert [(row.table, row.text("a")) for row in rows] == [
        (Table("old", "x"), "it's\nA"),
        (Table("public", "x"), "AB\n"),
    ]


@pytest.mark.parametrize("ask", ["integer", "flag", "time", "optional_number", "text"])
def test_values_that_mean_something_else_are_named_by_their_column(tmp_path: Path, ask: str) -> None:
    (row,) = read(tmp_path, f"COPY public.x (id, key, none) FROM stdin;\n1\t{SECRET}x\t\\N\n\\.\n{END}")
    column = "none" if ask == "text" else "key"
    with pytest.raises(DumpError, match=rf"^line 2, table public.x: column {column} is (no|NULL|neither)") as raised:
        getattr(row, ask)(column)
    assert SECRET not in str(raised.value)
    with pytest.raises(DumpError, match="column other is missing"):
        getattr(row, ask)("other")
    assert row.has("key")
    assert not row.has("other")
