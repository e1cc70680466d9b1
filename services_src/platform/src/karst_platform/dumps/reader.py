"""Reads a plain-text file of `pg_dump`, also a compressed one, row by row: rows by COPY or by INSERT, of any schema.

Everything but data is passed over. A file that was cut off is never taken for a whole one.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Collection, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from karst_platform.dumps.rows import DumpError, Row, Table
from karst_platform.dumps.tokens import Lines, Token, Tokens, copied

_ENCODINGS = frozenset({"utf8", "utf-8", "unicode", "sql_ascii"})
_NO_COLUMN = frozenset({"constraint", "primary", "unique", "check", "foreign", "exclude", "like"})
_COMPLETE = "dump complete"
_PLAIN = "Karst reads plain text. Make it so: pg_restore --file=dump.sql --no-owner "


class Dump:
    """A file. Nothing is read before `rows` is iterated."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.tables: dict[Table, int] = {}
        """How many rows each table has, of those that have data; whole once all rows were read."""
        self.sequences: dict[str, int] = {}
        """The last number that each sequence gave, by its name without a schema; whole once all rows were read."""

    def rows(self, tables: Collection[Table] | None = None) -> Generator[Row]:
        """Rows of these tables, or of all, in the order in which they stand. Raises DumpError and OSError."""
        self.tables, self.sequences = {}, {}
        with _opened(self.path) as file:
            yield from _Reading(self, Lines(iter(file)), tables).rows()


@contextmanager
def _opened(path: Path) -> Generator[Iterable[bytes]]:
    if path.is_dir():
        raise DumpError(f"{path.name} is a folder. {_PLAIN}{path.name}", line=0)
    with path.open("rb") as file:
        begin = file.read(262)
    if begin.startswith(b"PGDMP") or begin[257:262] == b"ustar":
        raise DumpError(f"{path.name} is a dump of another form. {_PLAIN}{path.name}", line=0)
    if not begin.startswith(b"\x1f\x8b"):
        with path.open("rb") as file:
            yield file
        return
    try:
        with gzip.open(path) as file:
            yield file
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise DumpError(f"{path.name} is cut off or damaged: it can't be decompressed", line=0) from None


class _Reading:
    """One pass through a file."""

    def __init__(self, dump: Dump, lines: Lines, wanted: Collection[Table] | None) -> None:
        self._dump, self._lines, self._wanted = dump, lines, wanted
        self._tokens = Tokens(lines)
        self._schema = "public"
        self._database: list[str] | None = None
        self._columns: dict[Table, list[str]] = {}

    def rows(self) -> Iterator[Row]:
        """Read to the end."""
        while (token := self._tokens.next()).kind != "end":
            match token.text:
                case "copy" if token.kind == "word":
                    yield from self._copy()
                case "insert" if token.kind == "word":
                    yield from self._insert()
                case "create" if token.kind == "word":
                    self._create()
                case "set" if token.kind == "word":
                    self._set(self._statement(token))
                case "select" if token.kind == "word":
                    self._select(self._statement(token))
                case "\\":
                    self._command(self._tokens.rest_of_line(), token.line)
                case _:
                    self._statement(token)
        if _COMPLETE not in self._lines.last_comment:
            message = "the file ends without pg_dump's last line, so it was cut off. Make the dump anew"
            raise DumpError(message, line=self._lines.number)

    def _copy(self) -> Iterator[Row]:
        table, token = self._table()
        columns = self._listed_columns() if token.text == "(" else self._known_columns(table)
        told = [each.text for each in self._statement(self._tokens.next() if token.text == "(" else token)]
        if told != ["from", "stdin"]:
            self._fail("only COPY ... FROM stdin, without options, can be read", table)
        self._tokens.rest_of_line()
        wants, self._dump.tables[table] = self._wants(table), self._dump.tables.get(table, 0)
        while (line := self._lines.next()) is not None:
            line = line.removesuffix("\n").removesuffix("\r")
            if line == "\\.":
                return
            self._dump.tables[table] += 1
            if wants:
                fields = line.split("\t") if columns else []
                yield self._row(table, columns, [copied(field) for field in fields], self._lines.number)
        self._fail("the file ends among the rows of this table, so it was cut off", table)

    def _insert(self) -> Iterator[Row]:
        if self._tokens.next().text != "into":
            self._fail("INSERT without INTO can't be read")
        table, token = self._table()
        columns = None
        if token.text == "(":
            columns, token = self._listed_columns(), self._tokens.next()
        while token.kind == "word" and token.text in {"overriding", "system", "user", "value"}:
            token = self._tokens.next()
        if token.text != "values":
            self._fail("only INSERT ... VALUES can be read", table)
        names, wants = columns or self._known_columns(table), self._wants(table)
        self._dump.tables.setdefault(table, 0)
        while True:
            token = self._tokens.next()
            if token.text != "(":
                self._fail("values don't begin with a parenthesis; was the file cut off?", table)
            values = self._values(table)
            self._dump.tables[table] += 1
            if wants:
                yield self._row(table, names, values, token.line)
            token = self._tokens.next()
            if token.text != "," or token.kind != "sign":
                break
        self._statement(token, table)

    def _values(self, table: Table) -> list[str | None]:
        values = list[str | None]()
        while True:
            values.append(self._value(self._tokens.next(), table))
            token = self._tokens.next()
            while token.kind != "sign" or token.text == ":":  # '2026-11-20'::timestamp without time zone
                if token.kind == "end":
                    self._fail("the file ends among the rows of this table, so it was cut off", table)
                token = self._tokens.next()
            if token.text == ")":
                return values
            if token.text != ",":
                self._fail("a value is no plain one", table)

    def _value(self, token: Token, table: Table) -> str | None:
        if token.kind in ("text", "number") or (token.kind == "word" and token.text in ("true", "false")):
            return token.text
        if token.kind == "word" and token.text == "null":
            return None
        if token.kind == "end":
            self._fail("the file ends among the rows of this table, so it was cut off", table)
        return self._fail("a value is neither text, number, true, false nor NULL", table)

    def _create(self) -> None:
        token = self._tokens.next()
        if token.text == "unlogged":
            token = self._tokens.next()
        if token.text != "table" or token.kind != "word":
            self._statement(token)
            return
        table, token = self._table()
        if token.text == "(":
            self._columns[table] = [part[0].text for part in self._parts() if _is_column(part)]
            token = self._tokens.next()
        self._statement(token)

    def _parts(self) -> Iterator[list[Token]]:
        """What stands between the commas up to the closing parenthesis, which is passed over."""
        part, depth = list[Token](), 0
        while (token := self._tokens.next()).kind != "end":
            is_sign = token.kind == "sign"
            if is_sign and depth == 0 and token.text in ",)":
                if part:
                    yield part
                if token.text == ")":
                    return
                part = []
                continue
            depth += (token.text in "([") - (token.text in ")]") if is_sign else 0
            part.append(token)
        self._fail("the file ends within a list of columns, so it was cut off")

    def _set(self, tokens: Sequence[Token]) -> None:
        told = [token.text for token in tokens if token.kind != "sign"]
        if len(told) < 2:
            return
        name, value = told[1].lower(), told[2].lower() if len(told) > 2 else ""
        value = told[3].lower() if value == "to" and len(told) > 3 else value
        match name:
            case "search_path":
                self._schema = value or "public"
            case "standard_conforming_strings":
                self._tokens.has_escapes = value == "off"
            case "client_encoding" if value not in _ENCODINGS:
                self._fail(f"its encoding is {value}. Make the dump anew with pg_dump --encoding=UTF8")
            case _:
                return

    def _select(self, tokens: Sequence[Token]) -> None:
        """Read SELECT pg_catalog.setval('public.user_id_seq', 17, true)."""
        told = [token for token in tokens if token.kind != "sign"]
        if "setval" not in [token.text for token in told[:3]] or len(told) < 5 or told[-2].kind != "number":
            return
        name, number, is_used = (token.text for token in told[-3:])
        self._dump.sequences[name.rpartition(".")[2].strip('"')] = int(number) - (is_used != "true")

    def _command(self, command: str, line: int) -> None:
        """A command of psql: of those that stand in dumps, only one about the database matters."""
        words = command.split()
        if words[:1] not in (["connect"], ["c"]):
            return
        if self._database not in (None, words[1:]):
            message = "the file holds several databases. Dump one: pg_dump --file=dump.sql NAME"
            raise DumpError(message, line=line)
        self._database = words[1:]

    def _statement(self, token: Token, table: Table | None = None) -> list[Token]:
        """All parts from this one up to the semicolon, which is passed over; bodies of functions may hold others."""
        parts, depth = list[Token](), 0
        while token.kind != "end":
            if token.kind == "sign" and token.text == ";" and depth == 0:
                return parts
            if token.kind == "word" and (token.text == "atomic" or (depth and token.text == "case")):
                depth += 1
            elif token.kind == "word" and depth and token.text == "end":
                depth -= 1
            parts.append(token)
            token = self._tokens.next()
        return self._fail("the file ends within a statement, so it was cut off", table)

    def _table(self) -> tuple[Table, Token]:
        """A table's name, and the part that follows it."""
        token = self._tokens.next()
        while token.kind == "word" and token.text in {"if", "not", "exists", "only"}:
            token = self._tokens.next()
        name, after = token, self._tokens.next()
        if after.text == "." and after.kind == "sign":
            return Table(name.text, self._tokens.next().text), self._tokens.next()
        return Table(self._schema, name.text), after

    def _listed_columns(self) -> list[str]:
        return [part[0].text for part in self._parts()]

    def _known_columns(self, table: Table) -> list[str]:
        known = self._columns.get(table)
        if known is None and self._wants(table):
            self._fail("its columns are not known here. Make the dump anew with pg_dump --column-inserts", table)
        return known or []

    def _wants(self, table: Table) -> bool:
        return self._wanted is None or table in self._wanted

    def _row(self, table: Table, columns: Sequence[str], values: Sequence[str | None], line: int) -> Row:
        if len(columns) != len(values):
            message = f"the row has {len(values)} values, the table {len(columns)} columns"
            raise DumpError(message, line=line, table=table)
        return Row(table=table, line=line, values=dict(zip(columns, values, strict=True)))

    def _fail(self, message: str, table: Table | None = None) -> NoReturn:
        raise DumpError(message, line=self._lines.number, table=table)


def _is_column(part: Sequence[Token]) -> bool:
    return part[0].kind == "name" or part[0].text not in _NO_COLUMN
