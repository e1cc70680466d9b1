"""Fixtures that tests of all services share."""

from karst_platform.testing import (
    anyio_backend,
    datastore_emulator,
    documents,
    embedded_postgres,
    firestore_emulator,
    open_documents,
    postgres_dsn,
    postgres_folder,
)
from karst_platform.testing_databases import empty_dsn
from karst_platform.testing_valkey import valkey

__all__ = [
    "anyio_backend",
    "datastore_emulator",
    "documents",
    "embedded_postgres",
    "empty_dsn",
    "firestore_emulator",
    "open_documents",
    "postgres_dsn",
    "postgres_folder",
    "valkey",
]
