"""The way to Datastore, or to its emulator: one channel, calls, and what their errors mean.

Nothing is asked of the network or of credentials before the first call, so the service starts without either.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from google.api_core import exceptions
from google.api_core.retry_async import AsyncRetry
from google.cloud.datastore_v1.services.datastore import DatastoreAsyncClient
from google.cloud.datastore_v1.services.datastore.transports import DatastoreGrpcAsyncIOTransport
from google.cloud.datastore_v1.types import datastore as protocol
from google.cloud.datastore_v1.types import entity as entities
from google.cloud.datastore_v1.types import query as queries
from google.protobuf.wrappers_pb2 import Int32Value

from karst_platform.stores.grpc_way import EMULATED, channel, unavailability

TIMEOUT_S = 20.0
CHECK_S = 2.0
_RETRY = AsyncRetry(
    predicate=lambda error: isinstance(error, exceptions.ServiceUnavailable), initial=0.1, maximum=0.5, timeout=1.5
)
_DEFAULT = "(default)"
_AT_ONCE = 50
"""Entities of 1 MiB, at the most, that a page of a walk brings."""


@dataclass(frozen=True, kw_only=True)
class DatastoreSettings:
    """Which database, and where."""

    project: str
    database: str = _DEFAULT
    emulator_host: str | None = None
    """Host and port of an emulator, as in `DATASTORE_EMULATOR_HOST`; without it the real one, by the machine's
    identity."""


class ConflictError(Exception):
    """Somebody else wrote the same entities; nothing was written."""


class Datastore:
    """A database. Belongs to the event loop in which it is used first."""

    def __init__(self, settings: DatastoreSettings) -> None:
        self._settings = settings
        self._client: DatastoreAsyncClient | None = None
        self._database = "" if settings.database == _DEFAULT else settings.database
        self._metadata = [EMULATED] if settings.emulator_host else []

    def partition(self, namespace: str) -> entities.PartitionId:
        """Where the entities of a namespace stand."""
        return entities.PartitionId(
            project_id=self._settings.project, database_id=self._database, namespace_id=namespace
        )

    async def lookup(self, *keys: entities.Key, timeout_s: float = TIMEOUT_S) -> list[queries.EntityResult | None]:
        """Entities with their versions, in the order of their keys, None for each that isn't there."""
        found: dict[bytes, queries.EntityResult] = {}
        wanted: Sequence[entities.Key] = keys
        while wanted:
            request = protocol.LookupRequest(
                project_id=self._settings.project, database_id=self._database, keys=list(wanted)
            )
            with _translated():
                answer = await self._made().lookup(
                    request=request, timeout=timeout_s, retry=_RETRY, metadata=self._metadata
                )
            found |= {_name(each.entity.key): each for each in answer.found}
            wanted = answer.deferred
        return [found.get(_name(key)) for key in keys]

    async def allocate(self, incomplete: entities.Key) -> int:
        """A new id for a key without one."""
        request = protocol.AllocateIdsRequest(
            project_id=self._settings.project, database_id=self._database, keys=[incomplete]
        )
        with _translated():
            answer = await self._made().allocate_ids(
                request=request, timeout=TIMEOUT_S, retry=_RETRY, metadata=self._metadata
            )
        return int(answer.keys[0].path[-1].id)

    async def commit(self, *mutations: protocol.Mutation) -> None:
        """Write all or nothing. Raises ConflictError."""
        request = protocol.CommitRequest(
            project_id=self._settings.project,
            database_id=self._database,
            mode=protocol.CommitRequest.Mode.TRANSACTIONAL,
            single_use_transaction=protocol.TransactionOptions(read_write=protocol.TransactionOptions.ReadWrite()),
            mutations=list(mutations),
        )
        with _translated():
            try:
                answer = await self._made().commit(request=request, timeout=TIMEOUT_S, metadata=self._metadata)
            except exceptions.NotFound as error:
                raise ConflictError(error.message) from None
        if any(each.conflict_detected for each in answer.mutation_results):
            raise ConflictError("an entity is another one by now")

    async def query(self, namespace: str, query: queries.Query) -> list[entities.Entity]:
        """The first batch of what a query finds."""
        return [each.entity for each in (await self._batch(namespace, query)).entity_results]

    async def walk(self, namespace: str, kind: str) -> AsyncIterator[entities.Entity]:
        """All entities of a kind."""
        query = queries.Query(kind=[queries.KindExpression(name=kind)], limit=Int32Value(value=_AT_ONCE))
        while True:
            batch = await self._batch(namespace, query)
            for each in batch.entity_results:
                yield each.entity
            if len(batch.entity_results) < _AT_ONCE:
                return
            query.start_cursor = batch.end_cursor

    async def _batch(self, namespace: str, query: queries.Query) -> queries.QueryResultBatch:
        request = protocol.RunQueryRequest(
            project_id=self._settings.project,
            database_id=self._database,
            partition_id=self.partition(namespace),
            query=query,
        )
        with _translated():
            answer = await self._made().run_query(
                request=request, timeout=TIMEOUT_S, retry=_RETRY, metadata=self._metadata
            )
        return answer.batch

    async def close(self) -> None:
        """Close the channel."""
        if self._client is not None:
            await self._client.transport.close()
            self._client = None

    def _made(self) -> DatastoreAsyncClient:
        if self._client is None:
            way = channel(DatastoreGrpcAsyncIOTransport, self._settings.emulator_host)
            self._client = DatastoreAsyncClient(transport=DatastoreGrpcAsyncIOTransport(channel=way))
        return self._client


def _name(key: entities.Key) -> bytes:
    """What makes keys equal: the server writes some parts of them in another way."""
    return repr((key.partition_id.namespace_id, [(each.kind, each.id, each.name) for each in key.path])).encode()


@contextmanager
def _translated() -> Generator[None]:
    with unavailability("Datastore"):
        try:
            yield
        except (exceptions.AlreadyExists, exceptions.Aborted) as error:
            raise ConflictError(error.message) from None
