"""Which stores the settings name."""

from __future__ import annotations

from karst_clio.settings import ClioSettings
from karst_platform.stores.documents import Documents
from karst_platform.stores.documents_postgres import PostgresDocuments
from karst_platform.stores.postgres import Postgres


def open_documents(settings: ClioSettings) -> Documents:
    """The store of documents; it connects by its first use. Without a DSN the variables of libpq count."""
    dsn = settings.postgres_dsn
    return PostgresDocuments(Postgres(dsn.get_secret_value() if dsn else ""))
