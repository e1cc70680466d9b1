"""Who somebody is at a provider of identities: an e-mail address alone may come to belong to somebody else."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.execute(
        """
        CREATE TABLE user_identity (
            id SERIAL NOT NULL,
            user_id INTEGER NOT NULL,
            issuer VARCHAR(200) NOT NULL,
            subject VARCHAR(255) NOT NULL,
            created TIMESTAMP WITHOUT TIME ZONE DEFAULT now() NOT NULL,
            CONSTRAINT pk_user_identity PRIMARY KEY (id),
            CONSTRAINT fk_user_identity_user_id_user FOREIGN KEY(user_id) REFERENCES "user" (id),
            CONSTRAINT uq_user_identity_issuer_subject UNIQUE (issuer, subject),
            CONSTRAINT uq_user_identity_user_id_issuer UNIQUE (user_id, issuer)
        )
        """
    )


def downgrade() -> None:
    """Take it away."""
    op.execute("DROP TABLE user_identity")
