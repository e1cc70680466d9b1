"""What services are told of the datasets: the deployment's own words, but for where its services are."""

from __future__ import annotations

import json

from karst_local.deployment import Deployment
from services_src.local.tests.runner import DEPLOYMENT

STACK = {
    "name": "tiny",
    "local_server": "https://demo.example.org",
    "segmentation_source": "graphene://https://demo.example.org/segmentation/table/tiny_seg",
    "skeleton_source": "precomputed://https://demo.example.org/skeletoncache/api/v1/tiny/precomputed/skeleton",
    "viewer_site": "https://viewer.example.org",
}


def test_local_services_of_datastacks_are_those_of_this_machine() -> None:
    document = {"version": 1, "deployment": "demo", "datasets": [{"name": "tiny", "datastacks": [STACK]}]}
    told = Deployment.model_validate({**DEPLOYMENT, "document": document}).datasets_json("https://localhost:8443")
    (stack,) = json.loads(told)["datasets"][0]["datastacks"]
    assert stack == {
        "name": "tiny",
        "local_server": "https://localhost:8443",
        "segmentation_source": "graphene://https://localhost:8443/segmentation/table/tiny_seg",
        "skeleton_source": "precomputed://https://localhost:8443/skeletoncache/api/v1/tiny/precomputed/skeleton",
        "viewer_site": "https://viewer.example.org",
    }
