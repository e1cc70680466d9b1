"""How entities of Datastore hold states: the layout that databases have had for years, and that we write too.

Older services can go on with what we wrote. `v2` is a state, `v1` an older one, `json_graphene_v1` and `json` are the
oldest; `segment_properties` are properties. Each is a zlib stream. Columns that a bucket has are not in the entity.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

from google.cloud.datastore_v1.types import entity as entities
from google.protobuf.timestamp_pb2 import Timestamp

from karst_nglstate.record import Column, Record, Visibility

KIND, POST_KIND = "ngl_json", "karst_nglstate_post"
NEWEST = "v2"
_INLINE: Mapping[Column, tuple[str, ...]] = {
    Column.STATE: (NEWEST, "v1", "json_graphene_v1", "json"),
    Column.PROPERTIES: ("segment_properties",),
}
"""Properties that hold a column, the first that is there counts."""
_OBJECT: Mapping[Column, str] = {Column.STATE: "v2_object", Column.PROPERTIES: "segment_properties_object"}
_TAG, _SIZE, _VISIBILITY = "content_tag", "content_bytes", "visibility"
_UNKNOWN = datetime(1970, 1, 1, tzinfo=UTC)
Values = Mapping[str, entities.Value]


def record_of(entity: entities.Entity, column: Column, *, is_in_bucket: bool) -> Record | None:
    """The record that an entity holds of a column; None where it holds another one.

    `is_in_bucket` says that the bucket has the states, below their ids, of entities that hold none.
    """
    values = cast("Values", entity.properties)
    inline = next((values[name].blob_value for name in _INLINE[column] if name in values), None)
    named = values[_OBJECT[column]].string_value if _OBJECT[column] in values else None
    state_id = int(entity.key.path[-1].id)
    if named is None and is_in_bucket and column is Column.STATE and NEWEST not in values and not _is_other(values):
        named = str(state_id)
    if named is None and inline is None:
        return None
    return Record(
        id=state_id,
        column=column,
        user_id=_text(values, "user_id"),
        created=_moment(values, "date"),
        tag=_text(values, _TAG),
        size_bytes=values[_SIZE].integer_value if _SIZE in values else None,
        object_key=named,
        inline=inline,
        place=entity.key.partition_id.namespace_id,
        visibility=Visibility(_text(values, _VISIBILITY) or Visibility.SHARED),
    )


def entity_of(record: Record, key: entities.Key) -> entities.Entity:
    """The entity of a new record."""
    made = _value(timestamp_value=timestamp(record.created), is_indexed=True)
    values = {
        "user_id": _value(string_value=record.user_id, is_indexed=True),
        "date": made,
        "date_last": made,
        "access_counter": _value(integer_value=1, is_indexed=True),
        _TAG: _value(string_value=record.tag),
        _SIZE: _value(integer_value=record.size_bytes or 0),
    }
    if record.visibility is not Visibility.SHARED:
        values[_VISIBILITY] = _value(string_value=record.visibility.value)
    if record.inline is not None:
        values[_INLINE[record.column][0]] = _value(blob_value=record.inline)
    elif record.column is Column.PROPERTIES or record.object_key != str(record.id):
        values[_OBJECT[record.column]] = _value(string_value=record.object_key)
    return entities.Entity(key=key, properties=values)


def post_entity(state_id: int, moment: datetime, key: entities.Key) -> entities.Entity:
    """The entity that remembers which id a post was given, and when."""
    values = {
        "id": _value(integer_value=state_id),
        "at": _value(timestamp_value=timestamp(moment), is_indexed=True),
    }
    return entities.Entity(key=key, properties=values)


def post_of_entity(entity: entities.Entity) -> tuple[int, datetime]:
    """Which id a post was given, and when."""
    values = cast("Values", entity.properties)
    return values["id"].integer_value, _moment(values, "at")


def bucket_path_of(config: entities.Entity) -> str | None:
    """Where older services kept states outside of the database, as they wrote it down; None where nowhere."""
    try:
        told: Any = json.loads(_text(cast("Values", config.properties), "value"))
        path = told[NEWEST]["bucket_path"]
    except (ValueError, KeyError, TypeError):
        return None
    return path if isinstance(path, str) and path else None


def timestamp(moment: datetime) -> Timestamp:
    """A time as the protocol has it."""
    made = Timestamp()
    made.FromDatetime(moment)
    return made


def _is_other(values: Values) -> bool:
    other = _INLINE[Column.PROPERTIES]
    return _OBJECT[Column.PROPERTIES] in values or any(name in values for name in other)


def _text(values: Values, name: str) -> str:
    return values[name].string_value if name in values else ""


def _moment(values: Values, name: str) -> datetime:
    # The protocol's library makes a time of Python of it.
    return cast("datetime", values[name].timestamp_value).astimezone(UTC) if name in values else _UNKNOWN


def _value(*, is_indexed: bool = False, **content: Any) -> entities.Value:  # noqa: ANN401 - one of many types
    return entities.Value(exclude_from_indexes=not is_indexed, **content)
