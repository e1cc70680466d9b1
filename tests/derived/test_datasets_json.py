"""The document that services read: its form, and the same bytes for the same datasets."""

import json
from typing import Any

import jsonschema
import pytest

from karst.config.programs import ServiceAccount
from karst.derived.datasets_json import DatasetsDocument, datasets_document, datasets_json

KEYS: dict[str, dict[str, Any]] = {
    "graphs": {"b_v1": {}, "a_v1": {"bucket": "gs://lab-pcg/all"}},
    "datastacks": {"b": {"segmentation": {"graph": "b_v1"}}, "a": {"segmentation": {"graph": "a_v1"}}},
    "permissions": {"groups": {"z": {"permissions": ["view", "edit"]}, "a": {}}},
    "annotations": {"tables": {"synapses": {"schema_type": "synapse", "description": "All."}}},
    "clio": {"key": "VNC", "search": {}},
}


def test_the_document_meets_its_schema(make_dataset, deployment):
    text = datasets_json(deployment, [make_dataset("b", **KEYS), make_dataset("a")])
    jsonschema.validate(json.loads(text), DatasetsDocument.model_json_schema(mode="serialization"))
    assert DatasetsDocument.model_validate_json(text) == datasets_document(
        deployment, [make_dataset("b", **KEYS), make_dataset("a")]
    )


def test_the_schema_refuses_what_services_would_not_understand(make_dataset, deployment):
    document = json.loads(datasets_json(deployment, [make_dataset("a")]))
    document["datasets"][0]["aligned_volumes"] = "typo"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, DatasetsDocument.model_json_schema(mode="serialization"))


def test_order_in_the_files_does_not_show(make_dataset, deployment):
    turned = {key: dict(reversed(value.items())) for key, value in KEYS.items()}
    turned["permissions"] = {"groups": dict(reversed(KEYS["permissions"]["groups"].items()))}
    one = datasets_json(deployment, [make_dataset("b", **KEYS), make_dataset("a")])
    other = datasets_json(deployment, [make_dataset("a"), make_dataset("b", **turned)])
    assert one.encode() == other.encode()


def test_only_active_datasets_are_told(make_dataset, deployment):
    datasets = [make_dataset("a"), make_dataset("b", state="retired"), make_dataset("c", state="removed")]
    assert [one.name for one in datasets_document(deployment, datasets).datasets] == ["a"]


def test_graphs_stand_in_the_bucket_that_is_written_or_in_the_datasets_own(make_dataset, deployment):
    entry = datasets_document(deployment, [make_dataset("b", **KEYS)]).datasets[0]
    assert {graph.table: graph.storage for graph in entry.graphs} == {
        "a_v1": "gs://lab-pcg/all/a_v1",
        "b_v1": "gs://lab-cave-api-b/b_v1",
    }


def test_only_searched_datasets_have_signatures(make_dataset, deployment):
    with_search, without = datasets_document(
        deployment, [make_dataset("a", clio={"key": "VNC", "search": {}}), make_dataset("b", clio={})]
    ).datasets
    assert (with_search.search_dataset, without.search_dataset) == ("vnc_imgsearch", None)


def test_service_accounts_say_where_their_tokens_go(make_dataset, deployment):
    auth = deployment.auth.model_copy(
        update={"service_accounts": {"uploads": ServiceAccount(groups=("b", "a")), "backup": ServiceAccount()}}
    )
    told = datasets_document(deployment.model_copy(update={"auth": auth}), [make_dataset("a")]).service_accounts
    assert [(one.name, one.groups) for one in told] == [("backup", ()), ("uploads", ("b", "a"))]
    assert [one.secret for one in told] == [f"{deployment.name}-account-{one.name}" for one in told]
