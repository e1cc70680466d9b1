"""What the document of the API shows as examples."""

from __future__ import annotations

VOLUME = {
    "id": 1,
    "name": "minnie65_phase3",
    "display_name": "Minnie65",
    "description": None,
    "image_source": "precomputed://https://images.example.org/minnie65/em",
}
MIRROR = {
    "id": 1,
    "name": "minnie65_gcp",
    "viewer_layer_name": "img",
    "image_source": "precomputed://gs://lab-em/minnie65",
    "description": None,
}
_TABLES = {
    "segmentation_source": "graphene://https://api.example.org/segmentation/table/minnie65_v1",
    "skeleton_source": None,
    "analysis_database": "minnie65",
    "viewer_site": "https://viewer.example.org",
    "synapse_table": "synapses",
    "soma_table": None,
    "local_server": "https://api.example.org",
    "description": None,
    "viewer_resolution_x": 4.0,
    "viewer_resolution_y": 4.0,
    "viewer_resolution_z": 40.0,
    "proofreading_status_table": None,
    "cell_identification_table": None,
    "proofreading_review_table": None,
}
FULL = {"aligned_volume": VOLUME, **_TABLES}
STACK = {
    "id": 1,
    "name": "minnie65_public",
    "display_name": "Minnie65, public",
    "viewer_layer_name": "seg",
    "base_link_id": None,
    "aligned_volume": "/info/api/v2/aligned_volume/id/1",
    **_TABLES,
}
