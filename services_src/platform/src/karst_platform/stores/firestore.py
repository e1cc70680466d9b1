"""The way to Firestore, or to its emulator: one channel, names, and what its errors mean.

Nothing is asked of the network or of credentials before the first call, so a service starts without either.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

from google.api_core import exceptions
from google.api_core.retry_async import AsyncRetry
from google.cloud.firestore_v1.services.firestore import FirestoreAsyncClient
from google.cloud.firestore_v1.services.firestore.transports import FirestoreGrpcAsyncIOTransport

from karst_platform.stores.documents import Path, UnstorableError
from karst_platform.stores.grpc_way import EMULATED, channel, unavailability

TIMEOUT_S = 30.0
RETRY = AsyncRetry(
    predicate=lambda error: isinstance(error, exceptions.ServiceUnavailable), initial=0.1, maximum=1.0, timeout=5.0
)
"""For what may happen twice: reads, and writes that don't depend on a read."""

_COMMIT_BYTES = 9 << 20  # of 10 MiB, for what surrounds the documents
_EMULATOR_COMMIT_BYTES = 3 << 20
_EXPIRED = re.compile(r"transaction (has expired|is invalid)|Invalid transaction")
_TOO_LARGE = "exceeds maximum size"


@dataclass(frozen=True, kw_only=True)
class FirestoreSettings:
    """Which database, and where."""

    project: str
    database: str = "(default)"
    emulator_host: str | None = None
    """Host and port of an emulator, as in `FIRESTORE_EMULATOR_HOST`; without it the real one, by the machine's
    identity."""


class ConflictingError(Exception):
    """The server refused because of others' changes; nothing was written."""


class Firestore:
    """A database. Belongs to the event loop in which it is used first."""

    def __init__(self, settings: FirestoreSettings) -> None:
        self._settings = settings
        self._client: FirestoreAsyncClient | None = None
        self.database = f"projects/{settings.project}/databases/{settings.database}"
        self.root = f"{self.database}/documents"
        self.commit_bytes = _EMULATOR_COMMIT_BYTES if settings.emulator_host else _COMMIT_BYTES
        self.metadata = [("google-cloud-resource-prefix", self.database)]
        if settings.emulator_host:
            self.metadata.append(EMULATED)

    def client(self) -> FirestoreAsyncClient:
        """The client, made at the first call; finds credentials then."""
        if self._client is None:
            way = channel(FirestoreGrpcAsyncIOTransport, self._settings.emulator_host)
            self._client = FirestoreAsyncClient(transport=FirestoreGrpcAsyncIOTransport(channel=way))
        return self._client

    async def close(self) -> None:
        """Close the channel."""
        if self._client is not None:
            await self._client.transport.close()
            self._client = None

    def name(self, path: Path) -> str:
        """A path as the protocol has it."""
        return "/".join((self.root, *path))

    def path(self, name: str) -> Path:
        """Inverse of `name`."""
        return tuple(name[len(self.root) + 1 :].split("/"))


@contextmanager
def translated() -> Generator[None]:
    """Turn the client's errors into ours. What is left is a mistake of ours, such as a missing index."""
    with unavailability("Firestore"):
        try:
            yield
        except exceptions.Aborted as error:
            raise ConflictingError(error.message) from None
        except exceptions.InvalidArgument as error:
            if _EXPIRED.search(error.message):
                raise ConflictingError(error.message) from None
            raise UnstorableError(f"Firestore refuses this: {error.message}") from error
        except exceptions.ResourceExhausted as error:
            if _TOO_LARGE in error.message:
                raise UnstorableError(f"Firestore refuses this: {error.message}") from error
            raise
