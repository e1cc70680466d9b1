"""The statements of the documents store in PostgreSQL, each with its parameters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import LiteralString

from psycopg import sql

from karst_platform.stores.documents import Json, Path, Query
from karst_platform.stores.documents_json import text_of

Parameters = Sequence[object] | Mapping[str, object]
Statement = tuple[sql.SQL | sql.Composed, Parameters]
Change = tuple[Path, str | None]
"""A document's path and the text of its new fields, None for its end."""

_BATCH_ROWS = 5000
_BATCH_BYTES = 16 << 20

_GET_ONE = sql.SQL("SELECT collection, id, fields FROM documents WHERE collection = %s AND id = %s")
_GET_MANY = sql.SQL(
    "SELECT collection, id, fields FROM unnest(%s::text[], %s::text[]) AS wanted (collection, id) "
    "JOIN documents USING (collection, id)"
)
# What is written again as it was costs no more than a look. Compared as text: to JSONB 1 and 1.0 are equal.
_PUT_ONE = sql.SQL(
    "INSERT INTO documents (collection, id, fields) VALUES (%s, %s, %s::jsonb) "
    "ON CONFLICT (collection, id) DO UPDATE SET fields = excluded.fields "
    "WHERE documents.fields::text <> excluded.fields::text"
)
_PUT_MANY = sql.SQL(
    "INSERT INTO documents (collection, id, fields) "
    "SELECT collection, id, fields::jsonb "
    "FROM unnest(%b::text[], %b::text[], %b::text[]) AS new (collection, id, fields) "
    "ON CONFLICT (collection, id) DO UPDATE SET fields = excluded.fields "
    "WHERE documents.fields::text <> excluded.fields::text"
)
_DELETE_MANY = sql.SQL(
    "DELETE FROM documents USING unnest(%s::text[], %s::text[]) AS gone (collection, id) "
    "WHERE documents.collection = gone.collection AND documents.id = gone.id"
)


# Steps from branch to branch of the level below `prefix`, however much each holds, by lookups in the primary key.
# Text is ordered by its bytes and ids hold no control characters, so U+0001 is less and "0" (after "/") is more than
# what can follow. A name may come twice, once for its own collection and once for those below: `a`, `a-b`, `a/x/y`.
_LEVEL_BELOW: LiteralString = """
    WITH RECURSIVE step (collection, rest) AS (
        (SELECT collection, substr(collection, length(%(prefix)s::text) + 1) FROM documents
            WHERE collection >= %(prefix)s::text {below_end} ORDER BY collection LIMIT 1)
        UNION ALL
        SELECT found.collection, substr(found.collection, length(%(prefix)s::text) + 1) FROM step, LATERAL (
            SELECT collection FROM documents WHERE collection >= CASE WHEN strpos(rest, '/') = 0
                THEN step.collection || E'\\x01' ELSE %(prefix)s::text || split_part(rest, '/', 1) || '0' END
            {below_end}
            ORDER BY collection LIMIT 1) AS found
    )
    SELECT split_part(rest, '/', 1) COLLATE "C" AS name FROM step
"""
_BELOW_END = sql.SQL("AND collection < %(end)s::text")

# Only ids are ordered, and each document fetched when its turn comes: sorting whole documents would take the disk.
# Firestore's order of types; within one, jsonb's, but text by its bytes.
_IN_ORDER_OF_FIELD: LiteralString = """
    SELECT id, (SELECT fields FROM documents WHERE collection = %(collection)s AND documents.id = found.id) AS fields
    FROM (
        SELECT id FROM (SELECT id, fields -> %(field)s AS value FROM documents WHERE {filters} OFFSET 0) AS valued
        WHERE value IS NOT NULL {after}
        ORDER BY
            array_position(ARRAY['null', 'boolean', 'number', 'string', 'array', 'object'], jsonb_typeof(value))
                {direction},
            CASE WHEN jsonb_typeof(value) = 'string' THEN value #>> '{{}}' END COLLATE "C" {direction},
            value {direction},
            id {direction}
        LIMIT %(limit)s::bigint
    ) AS found
"""
# The planner takes the first rows in order to come cheap, and would search a whole collection for a rare value; set
# apart, the search goes by the index of fields.
_IN_ORDER_OF_ID: LiteralString = """
    WITH found AS {apart} (SELECT id, fields FROM documents WHERE {filters})
    SELECT id, fields FROM found ORDER BY id LIMIT %(limit)s::bigint
"""


def joined(collection: Path) -> str:
    """A collection's path as the table holds it."""
    return "/".join(collection)


def get_many(paths: Sequence[Path]) -> Statement:
    """Select collection, id and fields of those that are there."""
    if len(paths) == 1:
        return _GET_ONE, (joined(paths[0][:-1]), paths[0][-1])
    return _GET_MANY, ([joined(path[:-1]) for path in paths], [path[-1] for path in paths])


def find(query: Query) -> Statement:
    """Select id and fields of what a query finds."""
    collection = joined(query.collection)
    filters: list[sql.Composable] = []
    parameters: dict[str, object] = {"collection": collection, "limit": query.limit}
    for number, (name, value) in enumerate(query.equals):
        filters.append(_holds(f"equal_{number}", parameters, {collection: {name: value}}))
        filters.append(_equals(f"equal_{number}", parameters, name, value))
    for number, (name, value) in enumerate(query.contains):
        filters.append(_holds(f"contained_{number}", parameters, {collection: {name: [value]}}))
    # A search names the collection already. Said again, the planner would read the whole collection's ids beside it.
    is_search = bool(filters)
    if not is_search:
        filters.append(sql.SQL("collection = %(collection)s"))
    if query.after_id is not None:
        parameters["after"] = query.after_id
        filters.append(sql.SQL("id > %(after)s"))
    if query.order_by is None:
        apart = sql.SQL("MATERIALIZED" if is_search else "NOT MATERIALIZED")
        return sql.SQL(_IN_ORDER_OF_ID).format(apart=apart, filters=sql.SQL(" AND ").join(filters)), parameters
    parameters["field"] = query.order_by
    after: LiteralString = ""
    if query.after_value is not None:
        parameters["after_value"] = text_of(query.after_value)
        after = "AND value > %(after_value)s::jsonb"
    text = sql.SQL(_IN_ORDER_OF_FIELD).format(
        filters=sql.SQL(" AND ").join(filters),
        after=sql.SQL(after),
        direction=sql.SQL("DESC" if query.is_descending else "ASC"),
    )
    return text, parameters


def children(path: Path) -> Statement:
    """Select the names on the level below a document or collection, in order."""
    parameters: dict[str, object] = {"collection": joined(path), "prefix": "", "end": None}
    if path:
        parameters |= {"prefix": joined(path) + "/", "end": joined(path) + "0"}
    names = sql.SQL(_LEVEL_BELOW).format(below_end=_BELOW_END if path else sql.SQL(""))
    if len(path) % 2:
        own: LiteralString = "SELECT id AS name FROM documents WHERE collection = %(collection)s"
        return sql.SQL(own + " UNION ({names}) ORDER BY name").format(names=names), parameters
    return sql.SQL("SELECT DISTINCT name FROM ({names}) AS names ORDER BY name").format(names=names), parameters


def batches(changes: Iterable[Change]) -> list[Statement]:
    """Statements for all changes; the last change to a path counts. Rows come in one order, so that none deadlock."""
    in_order = sorted(dict(changes).items())
    gone = [path for path, text in in_order if text is None]
    statements: list[Statement] = []
    for start in range(0, len(gone), _BATCH_ROWS):
        part = gone[start : start + _BATCH_ROWS]
        statements.append((_DELETE_MANY, ([joined(path[:-1]) for path in part], [path[-1] for path in part])))
    rows = ((joined(path[:-1]), path[-1], text) for path, text in in_order if text is not None)
    return statements + [_put(part) for part in _parts(rows)]


def _parts(rows: Iterator[tuple[str, str, str]]) -> Iterator[list[tuple[str, str, str]]]:
    part: list[tuple[str, str, str]] = []
    size = 0
    for row in rows:
        part.append(row)
        size += len(row[2])
        if len(part) == _BATCH_ROWS or size > _BATCH_BYTES:
            yield part
            part, size = [], 0
    if part:
        yield part


def _put(rows: list[tuple[str, str, str]]) -> Statement:
    if len(rows) == 1:
        return _PUT_ONE, rows[0]
    return _PUT_MANY, tuple(list(column) for column in zip(*rows, strict=True))


def _holds(key: str, parameters: dict[str, object], part: Json) -> sql.Composable:
    parameters[f"{key}_part"] = text_of(part)
    text = sql.SQL("jsonb_set('{{}}', ARRAY[collection], fields) @> {}::jsonb")  # as `documents_fields` indexes it
    return text.format(sql.Placeholder(f"{key}_part"))


def _equals(key: str, parameters: dict[str, object], name: str, value: Json) -> sql.Composable:
    parameters |= {f"{key}_name": name, f"{key}_value": text_of(value)}
    text = sql.SQL("fields -> {} = {}::jsonb")
    return text.format(sql.Placeholder(f"{key}_name"), sql.Placeholder(f"{key}_value"))
