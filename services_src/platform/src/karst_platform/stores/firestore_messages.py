"""Requests to Firestore: queries and commits as the protocol has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from google.cloud.firestore_v1.field_path import FieldPath
from google.cloud.firestore_v1.types import firestore as protocol
from google.cloud.firestore_v1.types import query as queries
from google.cloud.firestore_v1.types import write as writing

from karst_platform.stores.documents import Json, Path, Query, Write
from karst_platform.stores.firestore import Firestore
from karst_platform.stores.firestore_values import Message, fill_fields, value_of

_NAME = "__name__"
_Query = queries.StructuredQuery
_new_query = cast("type[Message]", protocol.RunQueryRequest.pb())
_new_get = cast("type[Message]", protocol.BatchGetDocumentsRequest.pb())
_new_commit = cast("type[Message]", protocol.CommitRequest.pb())
_new_write = cast("type[Message]", writing.Write.pb())
_new_filter = cast("type[Message]", _Query.Filter.pb())


@dataclass(frozen=True, kw_only=True)
class Moment:
    """When something is read: in a transaction, at a time that an earlier answer named, or now."""

    transaction: bytes = b""
    time: Message | None = None

    def put_into(self, request: Message) -> None:
        """Ask for this moment."""
        if self.transaction:
            request.transaction = self.transaction
        elif self.time is not None:
            request.read_time.CopyFrom(self.time)

    def or_of(self, response: Message) -> Moment:
        """This moment, or that of an answer to a question about now."""
        if self.transaction or self.time is not None or not response.HasField("read_time"):
            return self
        return Moment(time=response.read_time)


def page_of(
    firestore: Firestore,
    query: Query,
    *,
    size: int | None,
    after: Message | None = None,
    moment: Moment,
) -> protocol.RunQueryRequest:
    """Ask for up to `size` documents of what a query finds: the first, or those that follow a document.

    Firestore looks into one list only: `firestore_reads.has_elements` tells which documents fit the others too.
    """
    request = _new_query()
    request.parent = firestore.name(query.collection[:-1])
    structured = request.structured_query
    structured.from_.add(collection_id=query.collection[-1])
    filters = [_equals(name, value) for name, value in query.equals]
    filters += [_field(name, _Query.FieldFilter.Operator.ARRAY_CONTAINS, value) for name, value in query.contains[:1]]
    if query.order_by is not None and query.after_value is not None:
        filters.append(_field(query.order_by, _Query.FieldFilter.Operator.GREATER_THAN, query.after_value))
    if filters:
        structured.where.composite_filter.op = _Query.CompositeFilter.Operator.AND
        structured.where.composite_filter.filters.extend(filters)
    direction = _Query.Direction.DESCENDING if query.is_descending else _Query.Direction.ASCENDING
    order = [_NAME] if query.order_by is None else [FieldPath(query.order_by).to_api_repr(), _NAME]
    for field in order:
        structured.order_by.add(field={"field_path": field}, direction=direction)
    if after is not None:
        if query.order_by is not None:
            structured.start_at.values.add().CopyFrom(after.fields[query.order_by])
        structured.start_at.values.add(reference_value=after.name)
    elif query.after_id is not None:
        structured.start_at.values.add(reference_value=firestore.name((*query.collection, query.after_id)))
    if size is not None:
        structured.limit.value = size
    moment.put_into(request)
    return cast("protocol.RunQueryRequest", protocol.RunQueryRequest.wrap(request))


def names_of(firestore: Firestore, names: Sequence[str], moment: Moment) -> protocol.BatchGetDocumentsRequest:
    """Ask for documents by their names."""
    request = _new_get()
    request.database = firestore.database
    request.documents.extend(names)
    moment.put_into(request)
    return cast("protocol.BatchGetDocumentsRequest", protocol.BatchGetDocumentsRequest.wrap(request))


def writes_of(
    firestore: Firestore, changes: Sequence[Write], read: Mapping[Path, Message | None] | None = None
) -> list[Message]:
    """Messages for all changes; the last change to a path counts. Those that were read must be as they were."""
    last = {change.path: change.fields for change in changes}
    messages: list[Message] = []
    for path, fields in last.items():
        message = _new_write()
        if fields is None:
            message.delete = firestore.name(path)
        else:
            message.update.name = firestore.name(path)
            fill_fields(message.update.fields, fields)
        if read is not None and path in read:
            old = read[path]
            if old is None:
                message.current_document.exists = False
            else:
                message.current_document.update_time.CopyFrom(old.update_time)
        messages.append(message)
    return messages


def commit_of(firestore: Firestore, writes: Sequence[Message], transaction: bytes) -> protocol.CommitRequest:
    """Ask for one commit."""
    request = _new_commit()
    request.database = firestore.database
    request.writes.extend(writes)
    request.transaction = transaction
    return cast("protocol.CommitRequest", protocol.CommitRequest.wrap(request))


def _equals(name: str, value: Json) -> Message:
    if value is not None:
        return _field(name, _Query.FieldFilter.Operator.EQUAL, value)
    message = _new_filter()
    message.unary_filter.field.field_path = FieldPath(name).to_api_repr()
    message.unary_filter.op = _Query.UnaryFilter.Operator.IS_NULL
    return message


def _field(name: str, operator: int, value: Json) -> Message:
    message = _new_filter()
    message.field_filter.field.field_path = FieldPath(name).to_api_repr()
    message.field_filter.op = operator
    message.field_filter.value.CopyFrom(value_of(value))
    return message
