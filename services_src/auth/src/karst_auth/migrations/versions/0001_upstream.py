"""The tables of upstream, with the rows that it begins with. A database that came from there is taken as it is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TABLES = (
    """
    CREATE TABLE affiliation (
        id SERIAL NOT NULL,
        name VARCHAR(120) NOT NULL,
        contact_name VARCHAR(120),
        contact_email VARCHAR(120),
        CONSTRAINT pk_affiliation PRIMARY KEY (id),
        CONSTRAINT uq_affiliation_name UNIQUE (name)
    )
    """,
    """
    CREATE TABLE app (
        id SERIAL NOT NULL,
        url VARCHAR(128) NOT NULL,
        CONSTRAINT pk_app PRIMARY KEY (id),
        CONSTRAINT uq_app_url UNIQUE (url)
    )
    """,
    """
    CREATE TABLE cell_temp (
        id SERIAL NOT NULL,
        table_id VARCHAR(120) NOT NULL,
        root_id BIGINT NOT NULL,
        public BOOLEAN DEFAULT false NOT NULL,
        CONSTRAINT pk_cell_temp PRIMARY KEY (id),
        CONSTRAINT uq_cell_temp_table_id_root_id UNIQUE (table_id, root_id)
    )
    """,
    """
    CREATE TABLE "group" (
        id SERIAL NOT NULL,
        name VARCHAR(120) NOT NULL,
        CONSTRAINT pk_group PRIMARY KEY (id),
        CONSTRAINT uq_group_name UNIQUE (name)
    )
    """,
    """
    CREATE TABLE permission (
        id SERIAL NOT NULL,
        name VARCHAR(120) NOT NULL,
        CONSTRAINT pk_permission PRIMARY KEY (id),
        CONSTRAINT uq_permission_name UNIQUE (name)
    )
    """,
    """
    CREATE TABLE tos (
        id SERIAL NOT NULL,
        name VARCHAR(80) NOT NULL,
        text TEXT NOT NULL,
        created TIMESTAMP WITHOUT TIME ZONE DEFAULT now() NOT NULL,
        updated TIMESTAMP WITHOUT TIME ZONE DEFAULT now() NOT NULL,
        CONSTRAINT pk_tos PRIMARY KEY (id)
    )
    """,
    """
    CREATE TABLE "user" (
        id SERIAL NOT NULL,
        name VARCHAR(80) NOT NULL,
        email VARCHAR(120) NOT NULL,
        admin BOOLEAN DEFAULT false NOT NULL,
        gdpr_consent BOOLEAN DEFAULT false NOT NULL,
        pi VARCHAR(80) DEFAULT '' NOT NULL,
        created TIMESTAMP WITHOUT TIME ZONE DEFAULT now() NOT NULL,
        parent_id INTEGER,
        read_only BOOLEAN DEFAULT false NOT NULL,
        CONSTRAINT pk_user PRIMARY KEY (id),
        CONSTRAINT uq_user_email UNIQUE (email),
        CONSTRAINT fk_user_parent_id_user FOREIGN KEY(parent_id) REFERENCES "user" (id)
    )
    """,
    """
    CREATE TABLE api_key (
        id SERIAL NOT NULL,
        description VARCHAR(120),
        user_id INTEGER NOT NULL,
        key VARCHAR(32) NOT NULL,
        created TIMESTAMP WITHOUT TIME ZONE DEFAULT now() NOT NULL,
        updated TIMESTAMP WITHOUT TIME ZONE DEFAULT now() NOT NULL,
        last_used TIMESTAMP WITHOUT TIME ZONE,
        CONSTRAINT pk_api_key PRIMARY KEY (id),
        CONSTRAINT fk_api_key_user_id_user FOREIGN KEY(user_id) REFERENCES "user" (id),
        CONSTRAINT uq_api_key_key UNIQUE (key)
    )
    """,
    """
    CREATE TABLE dataset (
        id SERIAL NOT NULL,
        name VARCHAR(120) NOT NULL,
        tos_id INTEGER,
        CONSTRAINT pk_dataset PRIMARY KEY (id),
        CONSTRAINT uq_dataset_name UNIQUE (name),
        CONSTRAINT fk_dataset_tos_id_tos FOREIGN KEY(tos_id) REFERENCES tos (id)
    )
    """,
    """
    CREATE TABLE user_affiliation (
        id SERIAL NOT NULL,
        user_id INTEGER NOT NULL,
        affiliation_id INTEGER NOT NULL,
        start TIMESTAMP WITHOUT TIME ZONE DEFAULT now(),
        "end" TIMESTAMP WITHOUT TIME ZONE,
        CONSTRAINT pk_user_affiliation PRIMARY KEY (id),
        CONSTRAINT uq_user_affiliation_user_id_affiliation_id UNIQUE (user_id, affiliation_id),
        CONSTRAINT fk_user_affiliation_user_id_user FOREIGN KEY(user_id) REFERENCES "user" (id),
        CONSTRAINT fk_user_affiliation_affiliation_id_affiliation
            FOREIGN KEY(affiliation_id) REFERENCES affiliation (id)
    )
    """,
    """
    CREATE TABLE user_custom_name (
        id SERIAL NOT NULL,
        user_id INTEGER NOT NULL,
        name VARCHAR(80) NOT NULL,
        active BOOLEAN DEFAULT true NOT NULL,
        created TIMESTAMP WITHOUT TIME ZONE DEFAULT now() NOT NULL,
        updated TIMESTAMP WITHOUT TIME ZONE DEFAULT now() NOT NULL,
        CONSTRAINT pk_user_custom_name PRIMARY KEY (id),
        CONSTRAINT uq_user_custom_name_user_id UNIQUE (user_id),
        CONSTRAINT fk_user_custom_name_user_id_user FOREIGN KEY(user_id) REFERENCES "user" (id)
    )
    """,
    """
    CREATE TABLE user_group (
        id SERIAL NOT NULL,
        user_id INTEGER NOT NULL,
        group_id INTEGER NOT NULL,
        admin BOOLEAN DEFAULT false NOT NULL,
        CONSTRAINT pk_user_group PRIMARY KEY (id),
        CONSTRAINT uq_user_group_user_id_group_id UNIQUE (user_id, group_id),
        CONSTRAINT fk_user_group_user_id_user FOREIGN KEY(user_id) REFERENCES "user" (id),
        CONSTRAINT fk_user_group_group_id_group FOREIGN KEY(group_id) REFERENCES "group" (id)
    )
    """,
    """
    CREATE TABLE user_tos (
        id SERIAL NOT NULL,
        user_id INTEGER NOT NULL,
        tos_id INTEGER NOT NULL,
        created TIMESTAMP WITHOUT TIME ZONE DEFAULT now() NOT NULL,
        updated TIMESTAMP WITHOUT TIME ZONE DEFAULT now() NOT NULL,
        CONSTRAINT pk_user_tos PRIMARY KEY (id),
        CONSTRAINT uq_user_tos_user_id_tos_id UNIQUE (user_id, tos_id),
        CONSTRAINT fk_user_tos_user_id_user FOREIGN KEY(user_id) REFERENCES "user" (id),
        CONSTRAINT fk_user_tos_tos_id_tos FOREIGN KEY(tos_id) REFERENCES tos (id)
    )
    """,
    """
    CREATE TABLE dataset_admin (
        id SERIAL NOT NULL,
        user_id INTEGER NOT NULL,
        dataset_id INTEGER NOT NULL,
        CONSTRAINT pk_dataset_admin PRIMARY KEY (id),
        CONSTRAINT uq_dataset_admin_user_id_dataset_id UNIQUE (user_id, dataset_id),
        CONSTRAINT fk_dataset_admin_user_id_user FOREIGN KEY(user_id) REFERENCES "user" (id),
        CONSTRAINT fk_dataset_admin_dataset_id_dataset FOREIGN KEY(dataset_id) REFERENCES dataset (id)
    )
    """,
    """
    CREATE TABLE group_dataset_permission (
        id SERIAL NOT NULL,
        group_id INTEGER NOT NULL,
        dataset_id INTEGER NOT NULL,
        permission_id INTEGER NOT NULL,
        CONSTRAINT pk_group_dataset_permission PRIMARY KEY (id),
        CONSTRAINT uq_group_dataset_permission_group_id_dataset_id_permission_id
            UNIQUE (group_id, dataset_id, permission_id),
        CONSTRAINT fk_group_dataset_permission_group_id_group FOREIGN KEY(group_id) REFERENCES "group" (id),
        CONSTRAINT fk_group_dataset_permission_dataset_id_dataset FOREIGN KEY(dataset_id) REFERENCES dataset (id),
        CONSTRAINT fk_group_dataset_permission_permission_id_permission
            FOREIGN KEY(permission_id) REFERENCES permission (id)
    )
    """,
    """
    CREATE TABLE service_table (
        id SERIAL NOT NULL,
        service_name VARCHAR(120) NOT NULL,
        table_name VARCHAR(120) NOT NULL,
        dataset_id INTEGER NOT NULL,
        CONSTRAINT pk_service_table PRIMARY KEY (id),
        CONSTRAINT uq_service_table_service_name_table_name UNIQUE (service_name, table_name),
        CONSTRAINT fk_service_table_dataset_id_dataset FOREIGN KEY(dataset_id) REFERENCES dataset (id)
    )
    """,
)
_ROWS = (
    """INSERT INTO "group" (name) VALUES ('default') ON CONFLICT DO NOTHING""",
    "INSERT INTO permission (name) VALUES ('view'), ('edit') ON CONFLICT DO NOTHING",
)
_NAMES = (
    "service_table",
    "group_dataset_permission",
    "dataset_admin",
    "user_tos",
    "user_group",
    "user_custom_name",
    "user_affiliation",
    "dataset",
    "api_key",
    "user",
    "tos",
    "permission",
    "group",
    "cell_temp",
    "app",
    "affiliation",
)
"""From those that refer to others to those that others refer to."""


def upgrade() -> None:
    """Make the tables, unless they are there."""
    if not sa.inspect(op.get_bind()).has_table("user"):
        for statement in _TABLES:
            op.execute(statement)
    for statement in _ROWS:
        op.execute(statement)


def downgrade() -> None:
    """Take everything away."""
    for name in _NAMES:
        op.drop_table(name)
