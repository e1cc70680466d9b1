"""Names that lead to permissions, statistics, sign-in: what services and clients look up."""

import json

import pytest
from pydantic import ValidationError

from karst.config.dataset import Segmentation
from karst.derived.mappings import (
    TableMapping,
    auth_info,
    graph_ids,
    l2_table_map,
    segmentation_source,
    table_mappings,
)
from tests.derived.conftest import deployment_with

GRAPH = {"graphs": {"minnie_v1": {}}, "datastacks": {"minnie_public": {"segmentation": {"graph": "minnie_v1"}}}}
FLAT = {"source": "precomputed://gs://lab-seg/flat"}


def test_volume_datastack_and_graph_all_lead_to_the_dataset(make_dataset):
    assert table_mappings([make_dataset("minnie", **GRAPH)]) == (
        TableMapping(service="aligned_volume", table="minnie_volume", dataset="minnie"),
        TableMapping(service="datastack", table="minnie_public", dataset="minnie"),
        TableMapping(service="pychunkedgraph", table="minnie_v1", dataset="minnie"),
    )


def test_mappings_name_the_dataset_of_auth_where_it_differs(make_dataset):
    found = table_mappings([make_dataset("minnie", permissions={"dataset": "microns"}, **GRAPH)])
    assert {one.dataset for one in found} == {"microns"}


def test_a_flat_segmentation_has_no_graph_to_map(make_dataset):
    found = table_mappings([make_dataset("a", datastacks={"a_flat": {"segmentation": FLAT}})])
    assert {one.service for one in found} == {"aligned_volume", "datastack"}


@pytest.mark.parametrize("state", ["retired", "removed"])
def test_services_forget_datasets_that_are_no_longer_active(make_dataset, deployment, state):
    gone = make_dataset("minnie", state=state, **GRAPH)
    assert table_mappings([gone]) == ()
    assert l2_table_map(deployment, [gone]) == {}
    assert graph_ids(deployment, [gone]) == ()
    assert auth_info(deployment, [gone])["supported_datastacks"] == []


def test_auth_info_has_the_bytes_that_viewers_know(make_dataset, deployment):
    datasets = [
        make_dataset("z", datastacks={"z_flat": {"segmentation": FLAT}, "b_flat": {"segmentation": FLAT}}),
        make_dataset("minnie", **GRAPH),
    ]
    body = json.dumps(auth_info(deployment, datasets), separators=(",", ":"))
    assert body == (
        '{"login_url":"https://global.example.org/sticky_auth",'
        '"supported_datastacks":["b_flat","minnie_public","z_flat"]}'
    )


def test_a_deployment_with_global_services_signs_in_at_itself(make_dataset):
    whole = deployment_with({"kinds": ["global", "local"], "global": None})
    assert auth_info(whole, [])["login_url"] == "https://api.example.org/sticky_auth"


def test_level_2_map_has_graph_path_and_table(make_dataset, deployment):
    dataset = make_dataset("minnie", graphs={"minnie_v1": {}, "minnie_v2": {"l2cache": False}})
    assert l2_table_map(deployment, [dataset]) == {
        "minnie_v1": {
            "cv_path": "graphene://https://api.example.org/segmentation/table/minnie_v1",
            "l2cache_id": "l2cache_minnie_v1",
        }
    }


def test_level_2_map_takes_in_what_the_deployment_adds(make_dataset):
    path = "graphene://https://old.example.org/segmentation/table/old"
    deployment = deployment_with({"l2cache": {"tables": {"old": {"cv_path": path, "l2cache_id": "old_l2"}}}})
    found = l2_table_map(deployment, [make_dataset("minnie", **GRAPH)])
    assert list(found) == ["minnie_v1", "old"]
    assert found["old"] == {"cv_path": path, "l2cache_id": "old_l2"}


def test_graphs_of_datasets_and_deployment_are_served(make_dataset):
    deployment = deployment_with({"pychunkedgraph": {"graph_ids": ["old", "minnie_v1"]}})
    assert graph_ids(deployment, [make_dataset("minnie", **GRAPH)]) == ("minnie_v1", "old")


def test_clients_find_the_graph_behind_the_last_slash(make_dataset, deployment):
    source = segmentation_source(deployment, make_dataset("minnie", **GRAPH).datastacks["minnie_public"])
    assert source == "graphene://https://api.example.org/segmentation/table/minnie_v1"
    assert source.rpartition("/")[2] == "minnie_v1"


def test_a_flat_source_is_passed_on_as_it_is(make_dataset, deployment):
    stack = make_dataset("a", datastacks={"a_flat": {"segmentation": FLAT}}).datastacks["a_flat"]
    assert segmentation_source(deployment, stack) == "precomputed://gs://lab-seg/flat"


def test_a_source_with_a_slash_at_its_end_is_refused():
    with pytest.raises(ValidationError):
        Segmentation(source="graphene://https://api.example.org/segmentation/table/minnie_v1/")
