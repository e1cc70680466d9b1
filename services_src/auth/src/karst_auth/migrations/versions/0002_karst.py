"""What Karst adds: hashes of tokens, disabled users, sign-ins, the audit log, versions, and indexes for growth."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_UP = (
    'ALTER TABLE "user" ADD COLUMN active BOOLEAN DEFAULT true NOT NULL',
    "ALTER TABLE api_key ALTER COLUMN key DROP NOT NULL",
    "ALTER TABLE api_key ADD COLUMN token_hash VARCHAR(64), ADD COLUMN token_hint VARCHAR(11) DEFAULT '' NOT NULL",
    "ALTER TABLE api_key ADD CONSTRAINT uq_api_key_token_hash UNIQUE (token_hash)",
    """
    CREATE TABLE login_token (
        id SERIAL NOT NULL,
        user_id INTEGER NOT NULL,
        token_hash VARCHAR(64) NOT NULL,
        token_hint VARCHAR(11) NOT NULL,
        created TIMESTAMP WITHOUT TIME ZONE DEFAULT now() NOT NULL,
        expires TIMESTAMP WITHOUT TIME ZONE NOT NULL,
        last_used TIMESTAMP WITHOUT TIME ZONE,
        CONSTRAINT pk_login_token PRIMARY KEY (id),
        CONSTRAINT fk_login_token_user_id_user FOREIGN KEY(user_id) REFERENCES "user" (id),
        CONSTRAINT uq_login_token_token_hash UNIQUE (token_hash)
    )
    """,
    """
    CREATE TABLE audit (
        id BIGSERIAL NOT NULL,
        at TIMESTAMP WITHOUT TIME ZONE DEFAULT now() NOT NULL,
        actor_id INTEGER,
        actor TEXT NOT NULL,
        action VARCHAR(60) NOT NULL,
        subject TEXT NOT NULL,
        before JSONB,
        after JSONB,
        ip VARCHAR(45),
        CONSTRAINT pk_audit PRIMARY KEY (id)
    )
    """,
    """
    CREATE TABLE version (
        scope VARCHAR(20) NOT NULL,
        subject TEXT NOT NULL,
        version BIGINT NOT NULL,
        CONSTRAINT pk_version PRIMARY KEY (scope, subject)
    )
    """,
    "CREATE INDEX ix_audit_actor_id ON audit (actor_id, id)",
    "CREATE INDEX ix_audit_subject ON audit (subject, id)",
    "CREATE INDEX ix_cell_temp_public ON cell_temp (table_id) WHERE public",
    'CREATE INDEX ix_user_created ON "user" (created)',
    'CREATE INDEX ix_user_lower_email ON "user" (lower(email))',
    'CREATE INDEX ix_user_lower_name ON "user" (lower(name))',
    'CREATE INDEX ix_user_parent_id ON "user" (parent_id) WHERE parent_id IS NOT NULL',
    'CREATE INDEX ix_user_people ON "user" (id) WHERE parent_id IS NULL',
    "CREATE INDEX ix_api_key_user_id ON api_key (user_id)",
    "CREATE INDEX ix_dataset_tos_id ON dataset (tos_id)",
    "CREATE INDEX ix_login_token_expires ON login_token (expires)",
    "CREATE INDEX ix_login_token_user_id ON login_token (user_id)",
    "CREATE INDEX ix_user_custom_name_lower_name ON user_custom_name (lower(name))",
    "CREATE INDEX ix_user_group_group_id ON user_group (group_id, user_id)",
    "CREATE INDEX ix_user_tos_tos_id ON user_tos (tos_id)",
    "CREATE INDEX ix_dataset_admin_dataset_id ON dataset_admin (dataset_id)",
    "CREATE INDEX ix_group_dataset_permission_dataset_id ON group_dataset_permission (dataset_id)",
    "CREATE INDEX ix_service_table_dataset_id ON service_table (dataset_id)",
    """
    CREATE FUNCTION karst_audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'entries of the audit log are never changed'; END $$
    """,
    """
    CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
        FOR EACH STATEMENT EXECUTE FUNCTION karst_audit_is_append_only()
    """,
)
_DOWN = (
    "DROP TABLE version",
    "DROP TABLE audit",
    "DROP FUNCTION karst_audit_is_append_only",
    "DROP TABLE login_token",
    "DROP INDEX ix_cell_temp_public",
    "DROP INDEX ix_user_created",
    "DROP INDEX ix_user_lower_email",
    "DROP INDEX ix_user_lower_name",
    "DROP INDEX ix_user_parent_id",
    "DROP INDEX ix_user_people",
    "DROP INDEX ix_api_key_user_id",
    "DROP INDEX ix_dataset_tos_id",
    "DROP INDEX ix_user_custom_name_lower_name",
    "DROP INDEX ix_user_group_group_id",
    "DROP INDEX ix_user_tos_tos_id",
    "DROP INDEX ix_dataset_admin_dataset_id",
    "DROP INDEX ix_group_dataset_permission_dataset_id",
    "DROP INDEX ix_service_table_dataset_id",
    "ALTER TABLE api_key DROP COLUMN token_hash, DROP COLUMN token_hint",
    'ALTER TABLE "user" DROP COLUMN active',
)
"""Keys of which only the hash is kept have no `key` any more: whoever goes back makes them anew."""


def upgrade() -> None:
    """Add it."""
    for statement in _UP:
        op.execute(statement)


def downgrade() -> None:
    """Take it away."""
    for statement in _DOWN:
        op.execute(statement)
