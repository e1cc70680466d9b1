"""Fixtures that tests of all services share."""

from karst_platform.testing import (
    anyio_backend,
    documents,
    embedded_postgres,
    firestore_emulator,
    open_documents,
    postgres_dsn,
    postgres_folder,
)

__all__ = [
    "anyio_backend",
    "documents",
    "embedded_postgres",
    "firestore_emulator",
    "open_documents",
    "postgres_dsn",
    "postgres_folder",
]
