"""The statements of the documents store in PostgreSQL, each with its parameters."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import LiteralString

import orjson
from psycopg import sql

from karst_platform.stores.documents import Json, Path, Query, Write

Parameters = Sequence[object] | Mapping[str, object]
Statement = tuple[sql.SQL | sql.Composed, Parameters]

_BATCH_ROWS = 5000
_BATCH_BYTES = 16 << 20
_EXPONENT = re.compile(rb"[0-9]e\+?[0-9]")

_GET_ONE = sql.SQL("SELECT collection, id, fields FROM documents WHERE collection = %s AND id = %s")
_GET_MANY = sql.SQL(
    "SELECT collection, id, fields FROM unnest(%s::text[], %s::text[]) AS wanted (collection, id) "
    "JOIN documents USING (collection, id)"
)
_PUT_ONE = sql.SQL(
    "INSERT INTO documents (collection, id, fields) VALUES (%s, %s, %s::jsonb) "
    "ON CONFLICT (collection, id) DO UPDATE SET fields = excluded.fields"
)
_PUT_MANY = sql.SQL(
    "INSERT INTO documents (collection, id, fields) "
    "SELECT collection, id, fields::jsonb "
    "FROM unnest(%b::text[], %b::text[], %b::text[]) AS new (collection, id, fields) "
    "ON CONFLICT (collection, id) DO UPDATE SET fields = excluded.fields"
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

# Firestore's order of types; within one, jsonb's, but text by its bytes.
_ORDER_BY_FIELD: LiteralString = """
    array_position(ARRAY['null', 'boolean', 'number', 'string', 'array', 'object'], jsonb_typeof({field})) {direction},
    CASE WHEN jsonb_typeof({field}) = 'string' THEN {field} #>> '{{}}' END COLLATE "C" {direction},
    {field} {direction},
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
    direction = sql.SQL("DESC" if query.is_descending else "ASC")
    if query.after_id is not None:
        parameters["after"] = query.after_id
        filters.append(sql.SQL("id {} %(after)s").format(sql.SQL("<" if query.is_descending else ">")))
    order: sql.Composable = sql.SQL("")
    if query.order_by is not None:
        parameters["field"] = query.order_by
        filters.append(sql.SQL("fields ? %(field)s"))
        if query.after_value is not None:
            parameters["after_value"] = _json(query.after_value)
            filters.append(sql.SQL("fields -> %(field)s > %(after_value)s::jsonb"))
        order = sql.SQL(_ORDER_BY_FIELD).format(field=sql.SQL("(fields -> %(field)s)"), direction=direction)
    # The planner takes the first rows in order to come cheap, and would search a whole collection for a rare value;
    # set apart, the search goes by the index of fields.
    text = sql.SQL(
        "WITH found AS {apart} (SELECT id, fields FROM documents WHERE {filters}) "
        "SELECT id, fields FROM found ORDER BY {order} id {direction} LIMIT %(limit)s::bigint"
    ).format(
        apart=sql.SQL("MATERIALIZED" if is_search else "NOT MATERIALIZED"),
        filters=sql.SQL(" AND ").join(filters),
        order=order,
        direction=direction,
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


def batches(changes: Sequence[Write]) -> list[Statement]:
    """Statements for all changes; the last change to a path counts. Rows come in one order, so that none deadlock."""
    last = {change.path: change.fields for change in changes}
    in_order = sorted(last.items())
    gone = [path for path, fields in in_order if fields is None]
    statements: list[Statement] = []
    for start in range(0, len(gone), _BATCH_ROWS):
        part = gone[start : start + _BATCH_ROWS]
        statements.append((_DELETE_MANY, ([joined(path[:-1]) for path in part], [path[-1] for path in part])))
    rows = ((joined(path[:-1]), path[-1], _json(fields)) for path, fields in in_order if fields is not None)
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
    parameters[f"{key}_part"] = _json(part)
    text = sql.SQL("jsonb_set('{{}}', ARRAY[collection], fields) @> {}::jsonb")  # as `documents_fields` indexes it
    return text.format(sql.Placeholder(f"{key}_part"))


def _equals(key: str, parameters: dict[str, object], name: str, value: Json) -> sql.Composable:
    parameters |= {f"{key}_name": name, f"{key}_value": _json(value)}
    text = sql.SQL("fields -> {} = {}::jsonb")
    return text.format(sql.Placeholder(f"{key}_name"), sql.Placeholder(f"{key}_value"))


def _json(value: Json) -> str:
    data = orjson.dumps(value)
    if _EXPONENT.search(data):
        # A JSONB number of 1e16 would come back as an integer, so the digits are spelled out, with a fraction.
        data = orjson.dumps(_spelled_out(value))
    return data.decode()


def _spelled_out(value: Json) -> object:
    match value:
        case float() if abs(value) >= 1e16:
            return orjson.Fragment(f"{value:.1f}".encode())
        case dict():
            return {name: _spelled_out(item) for name, item in value.items()}
        case list() | tuple():
            return [_spelled_out(item) for item in value]
        case _:
            return value
