"""What deployments declare, so that programs that make it know it from what people made by hand."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.execute(
        """
        CREATE TABLE declaration (
            thing TEXT NOT NULL,
            deployment VARCHAR(120) NOT NULL,
            CONSTRAINT pk_declaration PRIMARY KEY (thing)
        )
        """
    )
    op.execute("CREATE INDEX ix_declaration_deployment ON declaration (deployment)")


def downgrade() -> None:
    """Take it away; everything then counts as made by hand."""
    op.execute("DROP TABLE declaration")
