"""What the image search promises."""

from __future__ import annotations

import json

import pytest
from cdktn import TerraformStack

from karst.gcp.bigquery import ImageSearch, ImageSearchProps
from karst.protection import Protection
from tests.synth.support import Document, only, resources, synth


def synth_search(protection: Protection = Protection.PROTECTED, dataset_id: str = "hemibrain_imgsearch") -> Document:
    def build(stack: TerraformStack) -> None:
        props = ImageSearchProps(
            dataset_id=dataset_id, project="lab-project", location="us-east4", protection=protection
        )
        search = ImageSearch(stack, "search", props)
        search.grant_read("lab-clio@lab-project.iam.gserviceaccount.com")
        search.grant_write("lab-load@lab-project.iam.gserviceaccount.com")

    return synth(build, protection)


def test_four_tables_of_five_whole_numbers() -> None:
    tables = resources(synth_search(), "google_bigquery_table")
    assert [table["table_id"] for table in tables.values()] == ["hamming0", "hamming1", "hamming2", "hamming3"]
    for table in tables.values():
        columns = [(column["name"], column["type"]) for column in json.loads(table["schema"])]
        assert columns == [(name, "INT64") for name in ("part", "signature", "x", "y", "z")]
        assert table["dataset_id"] == "hemibrain_imgsearch"


def test_a_query_must_name_its_partitions() -> None:
    for table in resources(synth_search(), "google_bigquery_table").values():
        assert table["require_partition_filter"] is True
        assert table["range_partitioning"] == {"field": "part", "range": {"start": 0, "end": 4000, "interval": 1}}
        assert table["clustering"] == ["signature"]


@pytest.mark.parametrize(
    ("protection", "protected"),
    [(Protection.PROTECTED, True), (Protection.ABANDONED, True), (Protection.RELEASED, False)],
)
def test_tables_refuse_deletion_while_protected(protection: Protection, protected: bool) -> None:
    document = synth_search(protection)
    assert {table["deletion_protection"] for table in resources(document, "google_bigquery_table").values()} == {
        protected
    }
    assert only(document, "google_bigquery_dataset")["delete_contents_on_destroy"] is not protected


def test_access_is_on_this_dataset_only() -> None:
    document = synth_search()
    members = resources(document, "google_bigquery_dataset_iam_member")
    assert {name: (body["dataset_id"], body["role"]) for name, body in members.items()} == {
        "search__read_lab_clio": ("hemibrain_imgsearch", "roles/bigquery.dataViewer"),
        "search__write_lab_load": ("hemibrain_imgsearch", "roles/bigquery.dataEditor"),
    }
    assert resources(document, "google_project_iam_member") == {}


def test_hyphens_are_refused() -> None:
    with pytest.raises(
        ValueError, match="BigQuery dataset id 'hemi-brain' must have letters, digits and underscores only"
    ):
        synth_search(dataset_id="hemi-brain")
