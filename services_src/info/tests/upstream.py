"""Databases as upstream's info service makes them: of the present version, and of one that knew no mirrors."""

from __future__ import annotations

_VOLUME = """
    CREATE TABLE aligned_volume (
        id SERIAL PRIMARY KEY,
        name VARCHAR(100) NOT NULL UNIQUE,
        display_name VARCHAR(100),
        description VARCHAR(500),
        image_source VARCHAR(200) NOT NULL
    )
"""
_MIRRORS = """
    CREATE TABLE image_source (
        id SERIAL PRIMARY KEY,
        name VARCHAR(100) NOT NULL UNIQUE,
        viewer_layer_name VARCHAR(100),
        image_source VARCHAR(200) NOT NULL,
        description VARCHAR(500),
        aligned_volume_id INTEGER REFERENCES aligned_volume (id)
    )
"""
_DATASTACK = """
    CREATE TABLE datastack (
        id SERIAL PRIMARY KEY,
        name VARCHAR(100) NOT NULL UNIQUE,
        display_name VARCHAR(100),
        viewer_layer_name VARCHAR(100),
        aligned_volume_id INTEGER REFERENCES aligned_volume (id),
        segmentation_source VARCHAR(200),
        skeleton_source VARCHAR(200),
        analysis_database VARCHAR(100),
        viewer_site VARCHAR(200),
        synapse_table VARCHAR(100),
        soma_table VARCHAR(100),
        proofreading_status_table VARCHAR(100),
        cell_identification_table VARCHAR(100),
        proofreading_review_table VARCHAR(100),
        local_server VARCHAR(200) NOT NULL,
        description VARCHAR(500),
        viewer_resolution_x DOUBLE PRECISION,
        viewer_resolution_y DOUBLE PRECISION,
        viewer_resolution_z DOUBLE PRECISION,
        base_link_id BIGINT
    )
"""
_OLD_DATASTACK = """
    CREATE TABLE datastack (
        id SERIAL PRIMARY KEY,
        name VARCHAR(100) NOT NULL UNIQUE,
        aligned_volume_id INTEGER REFERENCES aligned_volume (id),
        segmentation_source VARCHAR(200),
        analysis_database VARCHAR(100),
        viewer_site VARCHAR(200),
        synapse_table VARCHAR(100),
        soma_table VARCHAR(100),
        local_server VARCHAR(200) NOT NULL,
        description VARCHAR(500)
    )
"""
_OTHERS = (
    "CREATE TABLE dataset (id SERIAL PRIMARY KEY, name VARCHAR(100) NOT NULL UNIQUE)",
    "INSERT INTO dataset (name) VALUES ('pinky100')",
    "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)",
    "INSERT INTO alembic_version VALUES ('f0')",
)
_ROWS = (
    """INSERT INTO aligned_volume (id, name, description, image_source)
       VALUES (12, 'minnie65_phase3', E'Two\\nlines; ''quoted''', 'precomputed://gs://lab-em/minnie65/')""",
    """INSERT INTO datastack (id, name, aligned_volume_id, segmentation_source, local_server) VALUES
       (17, 'minnie65', 12, 'graphene://https://local.example.org/segmentation/table/minnie65_v1',
        'https://local.example.org')""",
)
_SEQUENCES = (
    "SELECT setval('aligned_volume_id_seq', 20)",
    "SELECT setval('datastack_id_seq', 30)",
)
PRESENT = (_VOLUME, _MIRRORS, _DATASTACK, *_OTHERS, *_ROWS, *_SEQUENCES)
OLD = (_VOLUME, _OLD_DATASTACK, *_OTHERS, *_ROWS, *_SEQUENCES)
