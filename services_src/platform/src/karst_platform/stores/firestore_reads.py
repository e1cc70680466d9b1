"""Reading from Firestore at one moment: documents by name, and what a query finds."""

from __future__ import annotations

from collections.abc import Sequence

from google.cloud.firestore_v1.types import firestore as protocol

from karst_platform.stores.documents import Document, Json, Path, Query
from karst_platform.stores.firestore import RETRY, TIMEOUT_S, Firestore
from karst_platform.stores.firestore_messages import Moment, names_of, page_of
from karst_platform.stores.firestore_values import Message, fields_of
from karst_platform.stores.storable import check_document_path

_GET_AT_ONCE = 1000


async def read(firestore: Firestore, paths: Sequence[Path], moment: Moment) -> tuple[list[Message | None], Moment]:
    """Documents in the order of their paths, None for each that isn't there, and the moment at which they were so."""
    for path in paths:
        check_document_path(path)
    names = list(dict.fromkeys(firestore.name(path) for path in paths))
    found: dict[str, Message] = {}
    for start in range(0, len(names), _GET_AT_ONCE):
        responses = await firestore.client().batch_get_documents(
            names_of(firestore, names[start : start + _GET_AT_ONCE], moment),
            retry=None if moment.transaction else RETRY,
            timeout=TIMEOUT_S,
            metadata=firestore.metadata,
        )
        async for response in responses:
            message = protocol.BatchGetDocumentsResponse.pb(response)
            moment = moment.or_of(message)
            if message.HasField("found"):
                found[message.found.name] = message.found
    return [found.get(firestore.name(path)) for path in paths], moment


async def search(firestore: Firestore, query: Query, moment: Moment) -> tuple[list[Message], Moment]:
    """What a query finds, and the moment at which that was so."""
    size = query.limit if len(query.contains) <= 1 else None
    responses = await firestore.client().run_query(
        page_of(firestore, query, size=size, moment=moment), timeout=TIMEOUT_S, metadata=firestore.metadata
    )
    messages = [protocol.RunQueryResponse.pb(response) async for response in responses]
    for message in messages:
        moment = moment.or_of(message)
    found = [message.document for message in messages if message.HasField("document")]
    return [each for each in found if has_elements(query, each)][: query.limit], moment


def has_elements(query: Query, message: Message) -> bool:
    """Whether a document has what a query asks for in other lists than the first, in which Firestore has looked."""
    return all(_contains(message.fields, name, value) for name, value in query.contains[1:])


def _contains(fields: Message, name: str, value: Json) -> bool:
    items = fields_of({name: fields[name]})[name] if name in fields else None
    return isinstance(items, list) and any(_is_same(item, value) for item in items)


def _is_same(one: Json, other: Json) -> bool:
    """Whether Firestore takes two values for equal: 1 and 1.0 are, 1 and true are not."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_is_same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_is_same(one[name], other[name]) for name in one)
    return isinstance(one, bool) == isinstance(other, bool) and one == other


def document_of(firestore: Firestore, message: Message) -> Document:
    """A message as our document."""
    return Document(path=firestore.path(message.name), fields=fields_of(message.fields))
