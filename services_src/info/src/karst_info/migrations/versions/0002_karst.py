"""What Karst adds: texts without a limit of length, indexes, and a count of changes that processes look at."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_LONGER = (
    ("aligned_volume", "description", 500),
    ("aligned_volume", "image_source", 200),
    ("image_source", "description", 500),
    ("image_source", "image_source", 200),
    ("datastack", "description", 500),
    ("datastack", "segmentation_source", 200),
    ("datastack", "skeleton_source", 200),
    ("datastack", "viewer_site", 200),
    ("datastack", "local_server", 200),
)
_TABLES = ("aligned_volume", "image_source", "datastack")
_UP = (
    "ALTER TABLE image_source ADD CONSTRAINT uq_image_source_aligned_volume_id_name UNIQUE (aligned_volume_id, name)",
    "CREATE INDEX ix_datastack_aligned_volume_id ON datastack (aligned_volume_id)",
    """
    CREATE TABLE karst_info_revision (
        id INTEGER NOT NULL,
        revision BIGINT NOT NULL,
        CONSTRAINT pk_karst_info_revision PRIMARY KEY (id)
    )
    """,
    "INSERT INTO karst_info_revision (id, revision) VALUES (1, 1)",
    """
    CREATE FUNCTION karst_info_count() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN UPDATE karst_info_revision SET revision = revision + 1; RETURN NULL; END $$
    """,
    *(
        f"CREATE TRIGGER karst_info_count AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION karst_info_count()"
        for table in _TABLES
    ),
)
_DOWN = (
    *(f"DROP TRIGGER karst_info_count ON {table}" for table in _TABLES),
    "DROP FUNCTION karst_info_count",
    "DROP TABLE karst_info_revision",
    "DROP INDEX ix_datastack_aligned_volume_id",
    "ALTER TABLE image_source DROP CONSTRAINT uq_image_source_aligned_volume_id_name",
    "ALTER TABLE image_source ADD CONSTRAINT uq_image_source_name UNIQUE (name)",
)


def upgrade() -> None:
    """Add it. Names of mirrors are their volume's own: two volumes may each have one called `gcp`."""
    for constraint in sa.inspect(op.get_bind()).get_unique_constraints("image_source"):
        if constraint["column_names"] == ["name"]:
            op.drop_constraint(str(constraint["name"]), "image_source")
    for table, column, _ in _LONGER:
        op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} TYPE TEXT")
    for statement in _UP:
        op.execute(statement)


def downgrade() -> None:
    """Take it away. Fails, and changes nothing, where a text is too long for upstream, or two mirrors share a name."""
    for statement in _DOWN:
        op.execute(statement)
    for table, column, length in _LONGER:
        op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} TYPE VARCHAR({length})")
