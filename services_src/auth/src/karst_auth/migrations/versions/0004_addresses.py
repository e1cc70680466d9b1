"""One address, one account: whether it has capital letters doesn't matter, and none are kept."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Write addresses in small letters. Raises ValueError where two accounts have one, and changes nothing."""
    twice = 'FROM "user" GROUP BY lower(email) HAVING count(*) > 1 ORDER BY 1 LIMIT 1'
    statement = f"SELECT array_agg(id ORDER BY id) {twice}"
    for (ids,) in op.get_bind().execute(sa.text(statement)):
        named = " and ".join(map(str, ids))
        raise ValueError(
            f"Users {named} have the same e-mail address but for capital letters. Give all but one of them another "
            "address, or remove them, and migrate again"
        )
    op.execute('UPDATE "user" SET email = lower(email) WHERE email <> lower(email)')
    op.execute("DROP INDEX ix_user_lower_email")
    op.execute('CREATE UNIQUE INDEX ix_user_lower_email ON "user" (lower(email))')


def downgrade() -> None:
    """Let capital letters tell addresses apart again."""
    op.execute("DROP INDEX ix_user_lower_email")
    op.execute('CREATE INDEX ix_user_lower_email ON "user" (lower(email))')
