"""Reading from Firestore at one moment: documents by name, and what a query finds."""

from __future__ import annotations

from collections.abc import Sequence

from google.cloud.firestore_v1.types import firestore as protocol

from karst_platform.stores.documents import Document, Path, Query
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
    responses = await firestore.client().run_query(
        page_of(firestore, query, size=query.limit, moment=moment), timeout=TIMEOUT_S, metadata=firestore.metadata
    )
    messages = [protocol.RunQueryResponse.pb(response) async for response in responses]
    for message in messages:
        moment = moment.or_of(message)
    return [message.document for message in messages if message.HasField("document")], moment


def document_of(firestore: Firestore, message: Message) -> Document:
    """A message as our document."""
    return Document(path=firestore.path(message.name), fields=fields_of(message.fields))
