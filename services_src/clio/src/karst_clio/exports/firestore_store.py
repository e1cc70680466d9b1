"""All documents of a database of Firestore, by its protocol's own messages: every type of value is kept."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import cast

from google.api_core import exceptions
from google.cloud.firestore_v1.types import firestore as protocol
from google.cloud.firestore_v1.types import query as queries
from google.cloud.firestore_v1.types import write as writing

from karst_clio.exports.addresses import FirestoreAddress
from karst_clio.exports.firestore_values import Filling, fields_of
from karst_clio.exports.store import IMPORTS, Outcome, PageSize, Putting, Record, outcome, steadily
from karst_clio.exports.values import is_same
from karst_platform.exits import CommandError, Exit
from karst_platform.stores.documents import (
    ContentionError,
    Documents,
    Path,
    StoreUnavailableError,
    UnstorableError,
)
from karst_platform.stores.documents_firestore import FirestoreDocuments, FirestoreSettings
from karst_platform.stores.firestore import RETRY, ConflictingError, Firestore, translated
from karst_platform.stores.firestore_messages import Moment
from karst_platform.stores.firestore_reads import read
from karst_platform.stores.firestore_transaction import commit
from karst_platform.stores.firestore_values import Message

_PAGE_S = 120.0
_ATTEMPTS = 5
_NAME = "__name__"
_NAMES = 5000
_new_query = cast("type[Message]", protocol.RunQueryRequest.pb())
_new_count = cast("type[Message]", protocol.RunAggregationQueryRequest.pb())
_new_write = cast("type[Message]", writing.Write.pb())


class FirestoreStore:
    """A database of Firestore, or of its emulator."""

    def __init__(self, address: FirestoreAddress, *, emulator_host: str | None) -> None:
        self._address = address
        settings = FirestoreSettings(project=address.project, database=address.database, emulator_host=emulator_host)
        self._firestore = Firestore(settings)
        self._documents = FirestoreDocuments(settings)

    @property
    def documents(self) -> Documents:
        """The same store as services see it."""
        return self._documents

    @property
    def root(self) -> str:
        """What names of documents begin with."""
        return self._firestore.root

    async def open(self, *, is_writing: bool) -> None:
        """Ask for one document; whether writing is allowed shows when it happens."""
        del is_writing
        try:
            with _translated():
                await self._page(None, 1)
        except StoreUnavailableError as error:
            raise CommandError(
                Exit.STORE,
                f"{self._address} can't be used: {error}. Check project and database, that the database is in native "
                "mode, and that you may use it (roles/datastore.user): gcloud auth application-default login",
            ) from None

    async def count(self) -> int:
        """How many documents it holds, without those of `IMPORTS`."""
        return await steadily(self._count_all) - len(await self._documents.children((IMPORTS,)))

    async def records(self, after: Path | None) -> AsyncIterator[Record]:
        """All documents of all collections in order of their names."""
        size, last = PageSize(), self._firestore.name(after) if after else None

        async def next_page() -> list[Message]:
            with _translated():
                return await self._page(last, size.documents)

        while True:
            page = await steadily(next_page)
            for message in page:
                path = self._firestore.path(message.name)
                if path[0] != IMPORTS:
                    yield Record(path=path, fields=fields_of(message.fields))
            if len(page) < size.documents:
                return
            last = page[-1].name
            size.learn(len(page), sum(message.ByteSize() for message in page))

    async def put(self, records: Sequence[Record], putting: Putting) -> Outcome:
        """Put records into the store in one commit, or in several where Firestore finds it too large."""
        filling = Filling(moved_from=putting.moved_from, moved_to=self.root)
        updates = {record.path: self._update(record, filling) for record in records}
        for _ in range(_ATTEMPTS):
            try:
                return await steadily(lambda: self._put(updates, putting))
            except ConflictingError:
                continue  # somebody wrote one of them meanwhile
        raise ContentionError("others write the same documents")

    async def close(self) -> None:
        """Let connections go."""
        await self._firestore.close()
        await self._documents.close()

    async def _put(self, updates: Mapping[Path, Message], putting: Putting) -> Outcome:
        with _translated():
            found, _ = await read(self._firestore, list(updates), Moment())
        held = {path: message for path, message in zip(updates, found, strict=True) if message is not None}
        new = [path for path in updates if path not in held]
        differing = [
            path for path in held if not is_same(fields_of(held[path].fields), fields_of(updates[path].update.fields))
        ]
        if putting.is_writing(differing):
            for path in new:
                updates[path].current_document.exists = False
            for path in differing:
                updates[path].current_document.update_time.CopyFrom(held[path].update_time)
            if new or differing:
                await self._commit([updates[path] for path in (*new, *differing)])
        return outcome(new=new, same=len(held) - len(differing), differing=differing, putting=putting)

    async def _commit(self, writes: Sequence[Message]) -> None:
        is_large = sum(write.ByteSize() for write in writes) > self._firestore.commit_bytes
        if len(writes) <= 1 or not is_large:
            try:
                with _translated():
                    await commit(self._firestore, writes, is_conditional=True)
            except UnstorableError as error:
                if len(writes) == 1:
                    name = "/".join(self._firestore.path(writes[0].update.name))
                    raise CommandError(Exit.DIFFERENT, f"{self._address} can't keep {name}: {error}") from None
            else:
                return
        # Firestore counts index entries too, which only it knows; and what it refuses gets found.
        half = len(writes) // 2
        await self._commit(writes[:half])
        await self._commit(writes[half:])

    def _update(self, record: Record, filling: Filling) -> Message:
        message = _new_write()
        message.update.name = self._firestore.name(record.path)
        filling.fields(message.update.fields, record.fields)
        return message

    async def _page(self, after: str | None, size: int, *, is_of_names: bool = False) -> list[Message]:
        request = _new_query()
        request.parent = self.root
        query = request.structured_query
        query.from_.add(all_descendants=True)  # of any collection
        query.order_by.add(field={"field_path": _NAME}, direction=queries.StructuredQuery.Direction.ASCENDING)
        query.limit.value = size
        if is_of_names:
            query.select.fields.add(field_path=_NAME)
        if after is not None:
            query.start_at.before = False
            query.start_at.values.add(reference_value=after)
        answers = await self._firestore.client().run_query(
            cast("protocol.RunQueryRequest", protocol.RunQueryRequest.wrap(request)),
            retry=RETRY,
            timeout=_PAGE_S,
            metadata=self._firestore.metadata,
        )
        found = [protocol.RunQueryResponse.pb(answer) async for answer in answers]
        return [message.document for message in found if message.HasField("document")]

    async def _count_all(self) -> int:
        request = _new_count()
        request.parent = self.root
        query = request.structured_aggregation_query
        query.structured_query.from_.add(all_descendants=True)
        query.aggregations.add(alias="documents").count.SetInParent()
        try:
            with _translated():
                answers = await self._firestore.client().run_aggregation_query(
                    cast("protocol.RunAggregationQueryRequest", protocol.RunAggregationQueryRequest.wrap(request)),
                    retry=RETRY,
                    timeout=_PAGE_S,
                    metadata=self._firestore.metadata,
                )
                found = [protocol.RunAggregationQueryResponse.pb(answer) async for answer in answers]
                return sum(each.result.aggregate_fields["documents"].integer_value for each in found)
        except StoreUnavailableError as error:
            if not isinstance(error.__cause__, exceptions.DeadlineExceeded):
                raise
            return await self._count_names()

    async def _count_names(self) -> int:
        """For databases so large that Firestore gives up counting, which it does after a minute."""
        count, last = 0, None
        while True:
            with _translated():
                page = await self._page(last, _NAMES, is_of_names=True)
            count += len(page)
            if len(page) < _NAMES:
                return count
            last = page[-1].name


@contextmanager
def _translated() -> Generator[None]:
    try:
        with translated():
            yield
    except exceptions.FailedPrecondition as error:  # such as a database in Datastore mode
        raise StoreUnavailableError(f"Firestore refuses this ({error.message})") from error
