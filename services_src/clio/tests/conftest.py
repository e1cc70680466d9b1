"""What all tests of the store share: both stores of documents."""

from karst_platform.testing import (
    anyio_backend,
    documents,
    embedded_postgres,
    firestore_emulator,
    open_documents,
    postgres_dsn,
)

__all__ = ["anyio_backend", "documents", "embedded_postgres", "firestore_emulator", "open_documents", "postgres_dsn"]
