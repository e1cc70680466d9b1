"""Violations to plant into clusters, their nodes and the way in."""

from __future__ import annotations

from collections.abc import Callable

from tests.policy.plant import Body, Plant, change, put

STACK = "demo-cluster-blue"
ROUTED = "global-cluster-blue"
CLUSTER = "google_container_cluster"
POOL = "google_container_node_pool"
FIREWALL = "google_compute_firewall"
AUTHORIZED = "master_authorized_networks_config"
BY_NAME = "control_plane_endpoints_config.dns_endpoint_config.allow_external_traffic"
SHIELD = "node_config.shielded_instance_config"


def cluster(rule: str, path: str, value: object) -> Plant:
    return put(rule, STACK, CLUSTER, path, value)


def pool(rule: str, path: str, value: object) -> Plant:
    return put(rule, STACK, POOL, path, value)


def mesh(name: str, edit: Callable[[Body], object]) -> Plant:
    """Edit the one pool of spot machines."""
    return change("KARST_GKE_9", STACK, name, lambda d: edit(d["resource"][POOL]["cluster__pool_mesh__pool"]))


PLANTS = (
    cluster("KARST_GKE_1", "private_cluster_config.enable_private_nodes", False),
    cluster("KARST_GKE_1", "private_cluster_config.enable_private_endpoint", False),
    cluster("KARST_GKE_1", AUTHORIZED, {}),
    cluster("KARST_GKE_1", f"{AUTHORIZED}.gcp_public_cidrs_access_enabled", True),
    put("KARST_GKE_1", ROUTED, CLUSTER, f"{AUTHORIZED}.cidr_blocks", [{"cidr_block": "0.0.0.0/0"}]),
    cluster("KARST_GKE_1", BY_NAME, True),
    pool("KARST_GKE_2", "network_config", {}),
    cluster("KARST_GKE_3", "datapath_provider", "LEGACY_DATAPATH"),
    cluster("KARST_GKE_4", "workload_identity_config", {}),
    cluster("KARST_GKE_4", "secret_manager_config.enabled", False),
    cluster("KARST_GKE_4", "fleet", {}),
    pool("KARST_GKE_5", "node_config.service_account", "default"),
    pool("KARST_GKE_5", "node_config.service_account", "1-compute@developer.gserviceaccount.com"),
    cluster("KARST_GKE_5", "node_config", {}),
    pool("KARST_GKE_5", "node_config.workload_metadata_config.mode", "GCE_METADATA"),
    pool("KARST_GKE_5", "node_config.oauth_scopes", ["https://www.googleapis.com/auth/cloud-platform"]),
    pool("KARST_GKE_6", f"{SHIELD}.enable_secure_boot", False),
    pool("KARST_GKE_6", SHIELD, {"enable_secure_boot": True}),
    cluster("KARST_GKE_6", "enable_shielded_nodes", False),
    cluster("KARST_GKE_7", "release_channel.channel", "RAPID"),
    cluster("KARST_GKE_7", "maintenance_policy", {}),
    cluster("KARST_GKE_7", "enable_kubernetes_alpha", True),
    cluster("KARST_GKE_7", "enable_legacy_abac", True),
    cluster("KARST_GKE_7", "master_auth.client_certificate_config.issue_client_certificate", True),
    pool("KARST_GKE_8", "management.auto_repair", False),
    pool("KARST_GKE_8", "management.auto_upgrade", False),
    pool("KARST_GKE_8", "node_config.image_type", "UBUNTU_CONTAINERD"),
    pool("KARST_GKE_9", "autoscaling", {}),
    mesh("awake", lambda body: body["autoscaling"].update(min_node_count=1)),
    mesh("untainted", lambda body: body["node_config"].pop("taint")),
    cluster("KARST_SEC_4", "secret_manager_config.rotation_config", {}),
    cluster("KARST_SEC_4", "secret_sync_config.rotation_config.enabled", False),
    cluster("KARST_GKE_10", "deletion_protection", False),
    put("KARST_NET_1", ROUTED, FIREWALL, "target_service_accounts", []),
    put("KARST_NET_1", ROUTED, FIREWALL, "allow", [{"protocol": "tcp"}]),
)
