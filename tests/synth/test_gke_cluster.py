from dataclasses import replace

import pytest
from cdktn import TerraformStack

from karst.gcp.gke_cluster import GkeCluster, GkeClusterProps
from karst.gcp.gke_settings import WeeklyWindow
from karst.protection import Protection
from tests.synth.support import PROJECT, REGION, Document, only, synth

ACCOUNT = f"daf-nodes@{PROJECT}.iam.gserviceaccount.com"
PROPS = GkeClusterProps(
    project=PROJECT,
    name="daf-blue",
    location=f"{REGION}-a",
    zones=(f"{REGION}-a", f"{REGION}-b"),
    network="n",
    subnet="s",
    pods_range="pods",
    node_account=ACCOUNT,
    protection=Protection.PROTECTED,
    labels={"deployment": "daf"},
)


def _cluster(props: GkeClusterProps = PROPS) -> Document:
    def build(stack: TerraformStack) -> None:
        GkeCluster(stack, "gke", props)

    return only(synth(build), "google_container_cluster")


def test_nodes_and_control_plane_have_no_public_address():
    private = _cluster()["private_cluster_config"]
    assert (private["enable_private_nodes"], private["enable_private_endpoint"]) == (True, True)
    assert "master_ipv4_cidr_block" not in private
    cluster = _cluster()
    assert cluster["control_plane_endpoints_config"] == {"dns_endpoint_config": {"allow_external_traffic": False}}
    assert cluster["master_authorized_networks_config"] == {"gcp_public_cidrs_access_enabled": False}


@pytest.mark.parametrize(
    ("cidr", "is_private"), [("10.0.0.0/8", True), ("203.0.113.0/27", False), ("172.32.0.0/16", False)]
)
def test_only_a_public_authorized_network_opens_a_public_endpoint(cidr: str, is_private: bool):
    cluster = _cluster(replace(PROPS, authorized_networks={"vpn": cidr}))
    assert cluster["private_cluster_config"]["enable_private_endpoint"] is is_private
    assert cluster["private_cluster_config"]["enable_private_nodes"] is True
    assert cluster["master_authorized_networks_config"]["cidr_blocks"] == [{"display_name": "vpn", "cidr_block": cidr}]
    assert cluster["master_authorized_networks_config"]["gcp_public_cidrs_access_enabled"] is False


def test_a_control_plane_takes_the_addresses_it_is_given():
    private = _cluster(replace(PROPS, control_plane="172.16.0.0/28"))["private_cluster_config"]
    assert private["master_ipv4_cidr_block"] == "172.16.0.0/28"


def test_the_connect_gateway_finds_it_in_the_projects_fleet():
    cluster = _cluster()
    assert (cluster["fleet"], cluster["name"]) == ({"project": PROJECT}, "daf-blue")


def test_policies_are_enforced_by_dataplane_v2_and_seen_inside_a_node():
    cluster = _cluster()
    assert cluster["datapath_provider"] == "ADVANCED_DATAPATH"
    # Without this block checkov asks who enforces policies; Dataplane V2 does.
    assert cluster["network_policy"] == {"enabled": False}
    assert cluster["enable_intranode_visibility"] is True
    assert cluster["service_external_ips_config"] == {"enabled": False}


def test_pods_have_addresses_of_the_subnet_and_services_those_that_every_cluster_may_use():
    policy = _cluster()["ip_allocation_policy"]
    assert _cluster()["networking_mode"] == "VPC_NATIVE"
    assert policy == {"cluster_secondary_range_name": "pods", "stack_type": "IPV4"}
    named = _cluster(replace(PROPS, services_range="services"))["ip_allocation_policy"]
    assert named["services_secondary_range_name"] == "services"


def test_pods_are_somebody_without_keys():
    assert _cluster()["workload_identity_config"] == {"workload_pool": f"{PROJECT}.svc.id.goog"}


def test_nothing_but_google_logs_people_in():
    cluster = _cluster()
    assert cluster["master_auth"] == {"client_certificate_config": {"issue_client_certificate": False}}
    assert cluster["enable_legacy_abac"] is False
    assert cluster["anonymous_authentication_config"] == {"mode": "LIMITED"}
    assert set(cluster["rbac_binding_config"].values()) == {False}
    assert len(cluster["rbac_binding_config"]) == 2


def test_groups_get_roles_where_one_is_named():
    assert "authenticator_groups_config" not in _cluster()
    cluster = _cluster(replace(PROPS, security_group="gke-security-groups@example.org"))
    assert cluster["authenticator_groups_config"] == {"security_group": "gke-security-groups@example.org"}


@pytest.mark.parametrize(("is_authorized", "mode"), [(True, "PROJECT_SINGLETON_POLICY_ENFORCE"), (False, "DISABLED")])
def test_images_are_attested_on_request(is_authorized: bool, mode: str):
    cluster = _cluster(replace(PROPS, is_binary_authorized=is_authorized))
    assert cluster["binary_authorization"] == {"evaluation_mode": mode}


@pytest.mark.parametrize("way", ["secret_manager_config", "secret_sync_config"])
def test_secrets_follow_their_rotation(way: str):
    assert _cluster()[way] == {"enabled": True, "rotation_config": {"enabled": True, "rotation_interval": "120s"}}


def test_logs_and_metrics_are_kept_and_prometheus_is_googles():
    cluster = _cluster()
    assert {"SYSTEM_COMPONENTS", "WORKLOADS"} <= set(cluster["logging_config"]["enable_components"])
    monitoring = cluster["monitoring_config"]
    assert {"SYSTEM_COMPONENTS", "POD", "DEPLOYMENT", "STATEFULSET"} <= set(monitoring["enable_components"])
    assert monitoring["managed_prometheus"] == {"enabled": True}
    assert cluster["cost_management_config"] == {"enabled": True}
    assert cluster["security_posture_config"]["mode"] == "BASIC"


def test_endpoint_groups_autoscaling_and_dns_of_the_node_are_there():
    assert _cluster()["addons_config"] == {
        "http_load_balancing": {"disabled": False},
        "horizontal_pod_autoscaling": {"disabled": False},
        "network_policy_config": {"disabled": True},
        "dns_cache_config": {"enabled": True},
    }


def test_versions_come_by_channel_and_never_below_the_pin():
    cluster = _cluster()
    assert cluster["release_channel"] == {"channel": "STABLE"}
    assert "min_master_version" not in cluster
    assert cluster["enable_kubernetes_alpha"] is False
    assert _cluster(replace(PROPS, least_version="1.34"))["min_master_version"] == "1.34"


@pytest.mark.parametrize(
    ("window", "start", "end", "days"),
    [
        (WeeklyWindow(day="sunday", hour=8), "2024-01-07T08:00:00Z", "2024-01-07T20:00:00Z", "SU"),
        (WeeklyWindow(day="monday", hour=0), "2024-01-01T00:00:00Z", "2024-01-01T12:00:00Z", "MO"),
        (WeeklyWindow(day="thursday", hour=22), "2024-01-04T22:00:00Z", "2024-01-05T10:00:00Z", "TH"),
    ],
)
def test_upgrades_wait_for_a_window_of_twelve_hours(window: WeeklyWindow, start: str, end: str, days: str):
    assert _cluster(replace(PROPS, maintenance=window))["maintenance_policy"] == {
        "recurring_window": {"start_time": start, "end_time": end, "recurrence": f"FREQ=WEEKLY;BYDAY={days}"}
    }


@pytest.mark.parametrize("is_scaled", [True, False])
def test_what_pods_use_is_recorded_unless_switched_off(is_scaled: bool):
    cluster = _cluster(replace(PROPS, is_vertically_scaled=is_scaled))
    assert cluster["vertical_pod_autoscaling"] == {"enabled": is_scaled}


def test_the_first_pool_goes_at_once_and_is_never_the_projects_default_account():
    cluster = _cluster()
    assert (cluster["remove_default_node_pool"], cluster["initial_node_count"]) == (True, 1)
    assert "node_pool" not in cluster
    nodes = cluster["node_config"]
    assert nodes["service_account"] == ACCOUNT
    assert nodes["shielded_instance_config"] == {"enable_secure_boot": True, "enable_integrity_monitoring": True}
    assert nodes["workload_metadata_config"] == {"mode": "GKE_METADATA"}
    assert cluster["enable_shielded_nodes"] is True
    assert cluster["lifecycle"] == {"ignore_changes": ["initial_node_count", "node_config"]}


def test_the_control_plane_stands_in_a_zone_or_in_the_region():
    zonal, regional = _cluster(), _cluster(replace(PROPS, location=REGION))
    assert (zonal["location"], zonal["node_locations"]) == (f"{REGION}-a", [f"{REGION}-b"])
    assert (regional["location"], regional["node_locations"]) == (REGION, [f"{REGION}-a", f"{REGION}-b"])


@pytest.mark.parametrize(("protection", "is_on"), [(Protection.PROTECTED, True), (Protection.RELEASED, False)])
def test_protection_flips_the_switch(protection: Protection, is_on: bool):
    assert _cluster(replace(PROPS, protection=protection))["deletion_protection"] is is_on


def test_costs_are_told_by_labels():
    assert _cluster()["resource_labels"] == {"deployment": "daf"}


@pytest.mark.parametrize(
    ("props", "message"),
    [
        (replace(PROPS, labels={}), "no labels"),
        (replace(PROPS, zones=()), "no zone"),
        (replace(PROPS, control_plane="172.16.0.0/24"), "takes a /28"),
        (replace(PROPS, authorized_networks={"all": "0.0.0.0/0"}), "whole internet"),
        (replace(PROPS, authorized_networks={"six": "2001:db8::/32"}), "no range of IPv4"),
        (replace(PROPS, maintenance=WeeklyWindow(day="Sunday", hour=8)), "no time of the week"),
        (replace(PROPS, maintenance=WeeklyWindow(day="sunday", hour=24)), "no time of the week"),
        (
            replace(PROPS, node_account="123-compute@developer.gserviceaccount.com"),
            "not the address of a service account",
        ),
    ],
)
def test_bad_props_are_refused(props: GkeClusterProps, message: str):
    with pytest.raises(ValueError, match=message):
        _cluster(props)
