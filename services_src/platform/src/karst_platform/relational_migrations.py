"""Migrations of relational databases: Alembic's, kept in the package of the service, run up or down under a lock.

A service's `migrations/env.py` calls `run_in_environment`. Every service counts its steps in a table of its own, so
that a database that came from somewhere else, with steps of its own, can be taken over.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from alembic import command, context
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, create_engine, text

from karst_platform.relational_login import address_of, log_in

_LOCK = 0x6B61727375  # any number that only we use
_CONNECTION, _TABLE = "connection", "version_table"


class Migrations:
    """The steps of one service. `version_table` counts those that a database has."""

    def __init__(self, folder: Path, version_table: str) -> None:
        self._config = Config(attributes={_TABLE: version_table})
        self._config.set_main_option("script_location", str(folder).replace("%", "%%"))
        self._version_table = version_table

    @property
    def newest(self) -> str:
        """The step that this version of the service works with."""
        return str(ScriptDirectory.from_config(self._config).get_current_head())

    def run(self, dsn: str, to: str = "head") -> None:
        """Bring a database to a step, up or down, all of it or nothing; `head` is the newest, `base` none.

        Several processes may call it at once: one does the work, the others wait. It blocks: call it from a thread.
        """
        with _connected(dsn) as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            self._config.attributes[_CONNECTION] = connection
            if to == "head" or self._is_above(connection, to):
                command.upgrade(self._config, to)
            else:
                command.downgrade(self._config, to)

    def step(self, dsn: str) -> str | None:
        """The step that a database has; changes nothing."""
        with _connected(dsn) as connection:
            return self._context(connection).get_current_revision()

    def _is_above(self, connection: Connection, to: str) -> bool:
        if to == "base":
            return False
        script, current = ScriptDirectory.from_config(self._config), self._context(connection).get_current_revision()
        below = {each.revision for each in script.iterate_revisions(current or "base", "base")}
        return to not in below

    def _context(self, connection: Connection) -> MigrationContext:
        return MigrationContext.configure(connection, opts={"version_table": self._version_table})


@contextmanager
def _connected(dsn: str) -> Generator[Connection]:
    url, options = address_of(dsn)
    engine = create_engine(url, connect_args={"options": f"-c timezone=UTC {options}"})
    log_in(engine, dsn)
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def run_in_environment(metadata: MetaData) -> None:
    """What a service's `env.py` does: the steps, on the connection that `Migrations` made."""
    attributes = context.config.attributes
    context.configure(connection=attributes[_CONNECTION], target_metadata=metadata, version_table=attributes[_TABLE])
    context.run_migrations()
