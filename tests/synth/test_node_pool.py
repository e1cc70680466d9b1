from dataclasses import replace

import pytest
from cdktn import TerraformStack

from karst.gcp.node_pool import NodePool, NodePoolProps
from tests.synth.support import PROJECT, REGION, Document, only, synth

ACCOUNT = f"daf-nodes@{PROJECT}.iam.gserviceaccount.com"
PROPS = NodePoolProps(
    project=PROJECT,
    cluster="daf-blue",
    cluster_location=REGION,
    name="mesh-pool",
    zones=(f"{REGION}-b", f"{REGION}-a"),
    machine_type="t2d-standard-4",
    min_nodes=0,
    max_nodes=50,
    disk_gib=40,
    node_account=ACCOUNT,
    is_spot=True,
    labels={"deployment": "daf"},
)


def _pool(props: NodePoolProps = PROPS) -> Document:
    def build(stack: TerraformStack) -> None:
        NodePool(stack, "mesh", props)

    return only(synth(build), "google_container_node_pool")


def test_only_pods_that_name_the_pool_run_on_it():
    assert _pool()["node_config"]["taint"] == [{"key": "pool", "value": "mesh-pool", "effect": "NO_SCHEDULE"}]
    assert "taint" not in _pool(replace(PROPS, is_tainted=False))["node_config"]


def test_it_sleeps_and_grows_within_its_bounds():
    pool = _pool()
    assert pool["autoscaling"] == {"min_node_count": 0, "max_node_count": 50, "location_policy": "ANY"}
    assert pool["initial_node_count"] == 0
    assert pool["lifecycle"] == {"ignore_changes": ["initial_node_count"]}
    assert pool["node_locations"] == [f"{REGION}-a", f"{REGION}-b"]


@pytest.mark.parametrize(("is_spot", "policy"), [(True, "ANY"), (False, "BALANCED")])
def test_what_must_not_vanish_is_spread(is_spot: bool, policy: str):
    pool = _pool(replace(PROPS, is_spot=is_spot))
    assert pool["node_config"]["spot"] is is_spot
    assert pool["autoscaling"]["location_policy"] == policy


def test_machines_are_googles_own_system_verified_at_boot_and_private():
    pool = _pool()
    nodes = pool["node_config"]
    assert nodes["image_type"] == "COS_CONTAINERD"
    assert nodes["shielded_instance_config"] == {"enable_secure_boot": True, "enable_integrity_monitoring": True}
    assert nodes["kubelet_config"] == {"insecure_kubelet_readonly_port_enabled": "FALSE"}
    assert nodes["metadata"] == {"disable-legacy-endpoints": "true"}
    assert pool["network_config"] == {"enable_private_nodes": True}


def test_a_machine_does_little_and_lends_its_name_to_no_pod():
    nodes = _pool()["node_config"]
    assert nodes["service_account"] == ACCOUNT
    assert nodes["workload_metadata_config"] == {"mode": "GKE_METADATA"}
    assert "https://www.googleapis.com/auth/cloud-platform" not in nodes["oauth_scopes"]
    assert "https://www.googleapis.com/auth/devstorage.read_only" in nodes["oauth_scopes"]


def test_google_repairs_and_upgrades_with_a_new_machine_ready_first():
    pool = _pool()
    assert pool["management"] == {"auto_repair": True, "auto_upgrade": True}
    assert pool["upgrade_settings"] == {"strategy": "SURGE", "max_surge": 1, "max_unavailable": 0}


def test_size_disk_and_labels():
    nodes = _pool()["node_config"]
    assert (nodes["machine_type"], nodes["disk_size_gb"], nodes["disk_type"]) == ("t2d-standard-4", 40, "pd-balanced")
    assert nodes["resource_labels"] == {"deployment": "daf", "pool": "mesh-pool"}


def test_a_pool_keeps_nothing_and_may_go_while_the_cluster_is_protected():
    assert _pool()["deletion_policy"] == "DELETE"


@pytest.mark.parametrize(
    ("props", "message"),
    [
        (replace(PROPS, min_nodes=3, max_nodes=2), "no bounds"),
        (replace(PROPS, max_nodes=0), "no bounds"),
        (replace(PROPS, min_nodes=-1), "no bounds"),
        (replace(PROPS, zones=()), "no zone"),
        (replace(PROPS, node_account="default"), "not the address of a service account"),
    ],
)
def test_bad_props_are_refused(props: NodePoolProps, message: str):
    with pytest.raises(ValueError, match=message):
        _pool(props)
