"""The tables as upstream has them; a database that came from there keeps its own, and gets what its version lacks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_VOLUME = {
    "id": "SERIAL NOT NULL",
    "name": "VARCHAR(100) NOT NULL",
    "display_name": "VARCHAR(100)",
    "description": "VARCHAR(500)",
    "image_source": "VARCHAR(200) NOT NULL",
}
_MIRROR = {
    "id": "SERIAL NOT NULL",
    "name": "VARCHAR(100) NOT NULL",
    "viewer_layer_name": "VARCHAR(100)",
    "image_source": "VARCHAR(200) NOT NULL",
    "description": "VARCHAR(500)",
    "aligned_volume_id": "INTEGER",
}
_DATASTACK = {
    "id": "SERIAL NOT NULL",
    "name": "VARCHAR(100) NOT NULL",
    "display_name": "VARCHAR(100)",
    "viewer_layer_name": "VARCHAR(100)",
    "aligned_volume_id": "INTEGER",
    "segmentation_source": "VARCHAR(200)",
    "skeleton_source": "VARCHAR(200)",
    "analysis_database": "VARCHAR(100)",
    "viewer_site": "VARCHAR(200)",
    "synapse_table": "VARCHAR(100)",
    "soma_table": "VARCHAR(100)",
    "proofreading_status_table": "VARCHAR(100)",
    "cell_identification_table": "VARCHAR(100)",
    "proofreading_review_table": "VARCHAR(100)",
    "local_server": "VARCHAR(200) NOT NULL",
    "description": "VARCHAR(500)",
    "viewer_resolution_x": "FLOAT",
    "viewer_resolution_y": "FLOAT",
    "viewer_resolution_z": "FLOAT",
    "base_link_id": "BIGINT",
}
_TABLES = (("aligned_volume", _VOLUME), ("image_source", _MIRROR), ("datastack", _DATASTACK))
"""From those that others refer to to those that refer to others."""


def upgrade() -> None:
    """Make each table that isn't there, and add columns that an older upstream didn't have."""
    there = sa.inspect(op.get_bind())
    for table, columns in _TABLES:
        if not there.has_table(table):
            _make(table, columns)
            continue
        known = {str(column["name"]) for column in there.get_columns(table)}
        for name, kind in columns.items():
            if name not in known:
                op.execute(f"ALTER TABLE {table} ADD COLUMN {name} {kind.removesuffix(' NOT NULL')}")


def _make(table: str, columns: dict[str, str]) -> None:
    parts = [f"{name} {kind}" for name, kind in columns.items()]
    parts += [f"CONSTRAINT pk_{table} PRIMARY KEY (id)", f"CONSTRAINT uq_{table}_name UNIQUE (name)"]
    if "aligned_volume_id" in columns:
        parts.append(
            f"CONSTRAINT fk_{table}_aligned_volume_id_aligned_volume "
            "FOREIGN KEY(aligned_volume_id) REFERENCES aligned_volume (id)"
        )
    op.execute(f"CREATE TABLE {table} ({', '.join(parts)})")


def downgrade() -> None:
    """Take everything away."""
    for table, _ in reversed(_TABLES):
        op.drop_table(table)
