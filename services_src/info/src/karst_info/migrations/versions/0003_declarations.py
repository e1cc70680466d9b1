"""What deployments declare, so that programs that make it know it from what people made by hand."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table, and the count of its changes, for processes show what is declared."""
    op.execute(
        """
        CREATE TABLE karst_info_declaration (
            kind VARCHAR(20) NOT NULL,
            row_id INTEGER NOT NULL,
            deployment VARCHAR(120) NOT NULL,
            CONSTRAINT pk_karst_info_declaration PRIMARY KEY (kind, row_id)
        )
        """
    )
    op.execute(
        "CREATE TRIGGER karst_info_count AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON karst_info_declaration "
        "FOR EACH STATEMENT EXECUTE FUNCTION karst_info_count()"
    )


def downgrade() -> None:
    """Take it away; everything then counts as made by hand."""
    op.execute("DROP TABLE karst_info_declaration")
