import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from cdktn import TerraformStack

from karst.config.types import Manage
from karst.gcp.bigtable import (
    KEEP_ALL,
    CollectionRule,
    NodeRange,
    WideColumnInstance,
    WideColumnInstanceProps,
    WideColumnTable,
    WideColumnTableProps,
)
from karst.protection import Protection
from tests.synth.support import PROJECT, Document, only, resources, synth

ACCOUNT = f"daf-pcg@{PROJECT}.iam.gserviceaccount.com"
INSTANCE = WideColumnInstanceProps(
    project=PROJECT, name="pychunkedgraph", zone="us-east4-a", protection=Protection.PROTECTED, nodes=2
)
TABLE = WideColumnTableProps(
    project=PROJECT,
    instance_name="pychunkedgraph",
    name="minnie65_v1",
    protection=Protection.PROTECTED,
    families={
        "0": KEEP_ALL,
        "1": CollectionRule(max_versions=1),
        "3": CollectionRule(max_versions=1, max_age_hours=8760),
    },
)


def _instance(props: WideColumnInstanceProps = INSTANCE) -> Document:
    def build(stack: TerraformStack) -> None:
        WideColumnInstance(stack, "bigtable", props)

    return only(synth(build), "google_bigtable_instance")


def _table(props: WideColumnTableProps = TABLE, use: Callable[[WideColumnTable], None] = lambda _: None) -> Document:
    def build(stack: TerraformStack) -> None:
        use(WideColumnTable(stack, "graph", props))

    return synth(build)


def test_there_is_one_cluster_on_ssd():
    assert _instance()["cluster"] == [
        {"cluster_id": "pychunkedgraph-c1", "zone": "us-east4-a", "storage_type": "SSD", "num_nodes": 2}
    ]


def test_nodes_follow_the_load_within_a_range():
    cluster = _instance(replace(INSTANCE, nodes=NodeRange(min_nodes=1, max_nodes=5)))["cluster"][0]
    assert cluster["autoscaling_config"] == {"min_nodes": 1, "max_nodes": 5, "cpu_target": 60}
    assert "num_nodes" not in cluster


@pytest.mark.parametrize("nodes", [1, NodeRange(min_nodes=1, max_nodes=5)])
def test_a_key_of_the_lab_encrypts(nodes: int | NodeRange):
    assert _instance(replace(INSTANCE, nodes=nodes, kms_key="k"))["cluster"][0]["kms_key_name"] == "k"


@pytest.mark.parametrize(("protection", "is_on"), [(Protection.PROTECTED, True), (Protection.RELEASED, False)])
def test_protection_flips_the_switches(protection: Protection, is_on: bool):
    instance = _instance(replace(INSTANCE, protection=protection))
    assert (instance["deletion_protection"], instance["force_destroy"]) == (is_on, False)
    table = only(_table(replace(TABLE, protection=protection)), "google_bigtable_table")
    assert table["deletion_protection"] == ("PROTECTED" if is_on else "UNPROTECTED")


def test_an_existing_instance_is_left_alone():
    def build(stack: TerraformStack) -> None:
        props = replace(INSTANCE, manage=Manage.EXISTING)
        assert WideColumnInstance(stack, "bigtable", props).instance_name == "pychunkedgraph"

    assert "resource" not in synth(build)


def test_a_table_is_backed_up_every_day():
    table = only(_table(replace(TABLE, backup_retention_days=3)), "google_bigtable_table")
    assert table["automated_backup_policy"] == {"frequency": "24h0m0s", "retention_period": "72h0m0s"}
    assert table["column_family"] == [{"family": "0"}, {"family": "1"}, {"family": "3"}]


def test_each_family_forgets_what_its_rule_says_one_after_the_other():
    rules = resources(_table(), "google_bigtable_gc_policy")
    assert {name: json.loads(rule["gc_rules"]) for name, rule in rules.items()} == {
        "graph__collection_1": {"rules": [{"max_version": 1}]},
        "graph__collection_3": {"mode": "union", "rules": [{"max_age": "8760h"}, {"max_version": 1}]},
    }
    assert rules["graph__collection_1"]["depends_on"] == ["google_bigtable_table.graph__table"]
    assert rules["graph__collection_3"]["depends_on"] == ["google_bigtable_gc_policy.graph__collection_1"]


def test_an_undeclared_rule_stays_in_force():
    assert {rule["deletion_policy"] for rule in resources(_table(), "google_bigtable_gc_policy").values()} == {
        "ABANDON"
    }


@pytest.mark.parametrize("manage", Manage)
def test_grants_open_one_table(manage: Manage):
    def use(table: WideColumnTable) -> None:
        table.grant_read(ACCOUNT)
        table.grant_write(ACCOUNT)

    document = _table(replace(TABLE, manage=manage), use)
    grants = resources(document, "google_bigtable_table_iam_member")
    assert {name: grant["role"] for name, grant in grants.items()} == {
        "graph__read_daf_pcg": "roles/bigtable.reader",
        "graph__write_daf_pcg": "roles/bigtable.user",
    }
    name = "minnie65_v1" if manage is Manage.EXISTING else "${google_bigtable_table.graph__table.name}"
    assert {(grant["table"], grant["instance_name"]) for grant in grants.values()} == {(name, "pychunkedgraph")}
    assert ("google_bigtable_table" in document["resource"]) is (manage is Manage.CREATE)
