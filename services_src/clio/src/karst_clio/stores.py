"""Which stores the settings name."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pydantic import SecretStr

from karst_clio.settings import ClioSettings
from karst_platform.settings import SettingsError
from karst_platform.stores.documents import Documents, StoreUnavailableError
from karst_platform.stores.documents_postgres import PostgresDocuments
from karst_platform.stores.migrations import NewerSchemaError, OlderSchemaError, check_schema, migrate
from karst_platform.stores.postgres import Postgres

_EMULATED_PROJECT = "karst"
_PATIENCE_S = 5.0
_log = logging.getLogger(__name__)


def open_documents(settings: ClioSettings) -> Documents:
    """The store of documents: PostgreSQL where a DSN is named, else Firestore. It connects by its first use."""
    if settings.postgres_dsn is not None:
        return PostgresDocuments(Postgres(settings.postgres_dsn.get_secret_value()))
    # Its library takes long to load, and not every store needs it.
    from karst_platform.stores.documents_firestore import FirestoreDocuments  # noqa: PLC0415
    from karst_platform.stores.firestore import FirestoreSettings  # noqa: PLC0415

    return FirestoreDocuments(
        FirestoreSettings(
            project=settings.google_project or _EMULATED_PROJECT,
            database=settings.firestore_database,
            emulator_host=settings.firestore_emulator,
        )
    )


def with_store(settings: ClioSettings) -> tuple[ClioSettings, Callable[[], None]]:
    """The settings, naming a store, and what ends it: where they name none, PostgreSQL is started in `state_folder`."""
    if settings.postgres_dsn or settings.google_project or settings.firestore_emulator or settings.cloud_run_service:
        return settings, _nothing
    # Images for the cloud don't hold it.
    from karst_platform.stores.embedded_postgres import EmbeddedPostgres  # noqa: PLC0415

    server = EmbeddedPostgres(settings.state_folder / "postgres")
    dsn = server.start()
    run_apart(_migrate(dsn))
    return settings.model_copy(update={"postgres_dsn": SecretStr(dsn)}), server.stop


def run_apart(work: Coroutine[Any, Any, None]) -> None:
    """Finish `work` before anything else goes on: a server that loads the service may run its event loop already."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        thread.submit(asyncio.run, work).result()


async def refuse_other_schema(settings: ClioSettings) -> None:
    """Raise SettingsError where the settings name a PostgreSQL whose schema is of another Karst.

    One that doesn't answer passes: requests get 503 until it does.
    """
    if settings.postgres_dsn is None:
        return
    postgres = Postgres(settings.postgres_dsn.get_secret_value(), connections=1)
    try:
        async with asyncio.timeout(_PATIENCE_S):
            await check_schema(postgres)
    except NewerSchemaError as error:
        raise SettingsError(f"KARST_POSTGRES_DSN: {error}") from None
    except OlderSchemaError as error:
        raise SettingsError(f"KARST_POSTGRES_DSN: {error}. Migrate it: python -m karst_clio migrate") from None
    except (StoreUnavailableError, TimeoutError) as error:
        _log.warning("the schema of PostgreSQL isn't known yet", exc_info=error)
    finally:
        await postgres.close()


def _nothing() -> None:
    """A store that others started is theirs to end."""


async def _migrate(dsn: str) -> None:
    postgres = Postgres(dsn)
    await migrate(postgres)
    await postgres.close()
