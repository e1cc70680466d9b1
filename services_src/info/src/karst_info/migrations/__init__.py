"""Steps of the database, and how to run them: `karst_info.migrations.MIGRATIONS.run(dsn)`."""

from pathlib import Path

from karst_platform.relational_migrations import Migrations

MIGRATIONS = Migrations(Path(__file__).parent, version_table="karst_info_version")
"""Upstream counts its own steps in `alembic_version`, which comes along with its dumps."""
