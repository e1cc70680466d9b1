-- The tables of CAVE's auth service as they are documented, made by its own steps over the years, with some of a lab's rows.
CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY);
CREATE TABLE tos (id SERIAL PRIMARY KEY, name VARCHAR(80) NOT NULL, text TEXT NOT NULL,
    created TIMESTAMP WITHOUT TIME ZONE DEFAULT now() NOT NULL, updated TIMESTAMP WITHOUT TIME ZONE DEFAULT now() NOT NULL);
CREATE TABLE "user" (id SERIAL PRIMARY KEY, name VARCHAR(80) NOT NULL, email VARCHAR(120) NOT NULL UNIQUE,
    admin BOOLEAN DEFAULT false NOT NULL, gdpr_consent BOOLEAN DEFAULT false NOT NULL, pi VARCHAR(80) DEFAULT '' NOT NULL,
    created TIMESTAMP WITHOUT TIME ZONE DEFAULT now() NOT NULL, parent_id INTEGER REFERENCES "user" (id),
    read_only BOOLEAN DEFAULT false NOT NULL);
CREATE TABLE "group" (id SERIAL PRIMARY KEY, name VARCHAR(120) NOT NULL UNIQUE);
CREATE TABLE user_group (id SERIAL PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES "user" (id),
    group_id INTEGER NOT NULL REFERENCES "group" (id), admin BOOLEAN DEFAULT false NOT NULL, UNIQUE (user_id, group_id));
CREATE TABLE dataset (id SERIAL PRIMARY KEY, name VARCHAR(120) NOT NULL UNIQUE, tos_id INTEGER REFERENCES tos (id));
CREATE TABLE dataset_admin (id SERIAL PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES "user" (id),
    dataset_id INTEGER NOT NULL REFERENCES dataset (id), UNIQUE (user_id, dataset_id));
CREATE TABLE permission (id SERIAL PRIMARY KEY, name VARCHAR(120) NOT NULL UNIQUE);
CREATE TABLE group_dataset_permission (id SERIAL PRIMARY KEY, group_id INTEGER NOT NULL REFERENCES "group" (id),
    dataset_id INTEGER NOT NULL REFERENCES dataset (id), permission_id INTEGER NOT NULL REFERENCES permission (id),
    UNIQUE (group_id, dataset_id, permission_id));
CREATE TABLE service_table (id SERIAL PRIMARY KEY, service_name VARCHAR(120) NOT NULL, table_name VARCHAR(120) NOT NULL,
    dataset_id INTEGER NOT NULL REFERENCES dataset (id), UNIQUE (service_name, table_name));
CREATE TABLE user_tos (id SERIAL PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES "user" (id),
    tos_id INTEGER NOT NULL REFERENCES tos (id), created TIMESTAMP WITHOUT TIME ZONE DEFAULT now() NOT NULL,
    updated TIMESTAMP WITHOUT TIME ZONE DEFAULT now() NOT NULL, UNIQUE (user_id, tos_id));
CREATE TABLE api_key (id SERIAL PRIMARY KEY, description VARCHAR(120), user_id INTEGER NOT NULL REFERENCES "user" (id),
    key VARCHAR(32) NOT NULL UNIQUE, created TIMESTAMP WITHOUT TIME ZONE DEFAULT now() NOT NULL,
    updated TIMESTAMP WITHOUT TIME ZONE DEFAULT now() NOT NULL, last_used TIMESTAMP WITHOUT TIME ZONE);
CREATE TABLE app (id SERIAL PRIMARY KEY, url VARCHAR(128) NOT NULL UNIQUE);
CREATE TABLE cell_temp (id SERIAL PRIMARY KEY, table_id VARCHAR(120) NOT NULL, root_id BIGINT NOT NULL,
    public BOOLEAN DEFAULT false NOT NULL, UNIQUE (table_id, root_id));
CREATE TABLE affiliation (id SERIAL PRIMARY KEY, name VARCHAR(120) NOT NULL UNIQUE, contact_name VARCHAR(120),
    contact_email VARCHAR(120));
CREATE TABLE user_affiliation (id SERIAL PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES "user" (id),
    affiliation_id INTEGER NOT NULL REFERENCES affiliation (id), start TIMESTAMP WITHOUT TIME ZONE DEFAULT now(),
    "end" TIMESTAMP WITHOUT TIME ZONE, UNIQUE (user_id, affiliation_id));
CREATE TABLE user_custom_name (id SERIAL PRIMARY KEY, user_id INTEGER NOT NULL UNIQUE REFERENCES "user" (id),
    name VARCHAR(80) NOT NULL, active BOOLEAN DEFAULT true NOT NULL,
    created TIMESTAMP WITHOUT TIME ZONE DEFAULT now() NOT NULL, updated TIMESTAMP WITHOUT TIME ZONE DEFAULT now() NOT NULL);

INSERT INTO alembic_version VALUES ('5c6f2e1d8a90');
INSERT INTO permission (name) VALUES ('view'), ('edit'), ('admin_view');
INSERT INTO "group" (name) VALUES ('lab'), ('default'), ('proofreaders');
INSERT INTO tos (name, text, created, updated) VALUES
    ('Rules', E'# Be kind\n\tto | all\\any\r\n', '2024-01-02 03:04:05.678', '2024-02-02 03:04:05');
INSERT INTO "user" (id, name, email, admin, gdpr_consent, pi, created, parent_id, read_only) VALUES
    (3, 'Ada', 'Ada@Example.org', true, true, 'Prof. X', '2023-05-06 07:08:09.123456', NULL, false),
    (7, 'Bob "the editor" \N', 'bob@example.org', false, false, '', '2023-06-06 07:08:09', NULL, true),
    (9, 'Robot', 'robot@serviceaccount', false, false, '', '2023-07-06 07:08:09', 3, false);
INSERT INTO user_group (user_id, group_id, admin) VALUES (3, 2, false), (7, 2, false), (3, 1, true), (7, 3, false), (9, 3, false);
INSERT INTO dataset (name, tos_id) VALUES ('h01', NULL), ('gated', 1);
INSERT INTO dataset_admin (user_id, dataset_id) VALUES (3, 1);
INSERT INTO group_dataset_permission (group_id, dataset_id, permission_id) VALUES
    (3, 1, 1), (3, 1, 2), (3, 2, 1), (1, 1, 3);
INSERT INTO service_table (service_name, table_name, dataset_id) VALUES ('datastack', 'h01_v1', 1), ('aligned_volume', 'h01', 1);
INSERT INTO user_tos (user_id, tos_id, created) VALUES (3, 1, '2024-03-02 03:04:05');
INSERT INTO api_key (description, user_id, key, created, last_used) VALUES
    ('laptop', 3, '0123456789abcdef0123456789abcdef', '2024-03-04 05:06:07', '2026-11-20 09:22:17'),
    (NULL, 7, 'b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0', '2024-03-05 05:06:07', NULL),
    ('Robot', 9, '00000000000000000000000000000abc', '2024-03-06 05:06:07', NULL);
INSERT INTO app (url) VALUES ('https://viewer.example.org');
INSERT INTO cell_temp (table_id, root_id, public) VALUES ('h01_table', 864691128640000000, true), ('h01_table', 5, false);
INSERT INTO affiliation (name, contact_name, contact_email) VALUES ('Inst', NULL, 'contact@example.org');
INSERT INTO user_affiliation (user_id, affiliation_id, start, "end") VALUES (3, 1, '2020-01-01', NULL), (7, 1, NULL, '2025-01-01');
INSERT INTO user_custom_name (user_id, name, active, created) VALUES (7, 'Robert', true, '2024-04-05'), (3, 'A.', false, '2024-04-06');
-- Two keys and a user were taken away: nobody else shall get their ids.
SELECT setval('user_id_seq', 12), setval('api_key_id_seq', 5), setval('group_id_seq', 3), setval('dataset_id_seq', 2);
