"""Clusters and their nodes are private, are somebody, start verified, and sleep where nothing needs them."""

from __future__ import annotations

from collections.abc import Iterator

from karst.policy.model import Resource, Rule, Stack, as_mapping, as_objects, dig, on_each

_CLUSTER = ("google_container_cluster",)
_POOL = ("google_container_node_pool",)
_WITH_NODES = (*_CLUSTER, *_POOL)
_ANYWHERE = frozenset({"0.0.0.0/0", "::/0"})
_ALL_OF_GOOGLE = "https://www.googleapis.com/auth/cloud-platform"


def _is_private(resource: Resource) -> Iterator[str]:
    if not resource.is_true("private_cluster_config", "enable_private_nodes"):
        yield "gives nodes public addresses: set enable_private_nodes"
    allowed = as_mapping(resource.body.get("master_authorized_networks_config"))
    networks = {str(one.get("cidr_block")) for one in as_objects(allowed.get("cidr_blocks"))}
    if networks & _ANYWHERE or allowed.get("gcp_public_cidrs_access_enabled") is not False:
        yield "lets strangers speak to its control plane: list the networks of people you know, and no others"
    if not networks and not resource.is_true("private_cluster_config", "enable_private_endpoint"):
        yield "has a public control plane that nobody is authorized for: set enable_private_endpoint"
    if dig(resource.body, "control_plane_endpoints_config", "dns_endpoint_config", "allow_external_traffic") is True:
        yield "has a control plane that answers by name from everywhere: unset allow_external_traffic"


def _nodes_are_private(resource: Resource) -> Iterator[str]:
    if not resource.is_true("network_config", "enable_private_nodes"):
        yield "gives nodes public addresses: set network_config.enable_private_nodes"


def _enforces_policies(resource: Resource) -> Iterator[str]:
    if resource.text("datapath_provider") != "ADVANCED_DATAPATH":
        yield "enforces no network policy: set datapath_provider to ADVANCED_DATAPATH"


def _has_identities(resource: Resource) -> Iterator[str]:
    if not resource.text("workload_identity_config", "workload_pool"):
        yield "makes pods nobody to Google: set workload_identity_config"
    if not resource.is_true("secret_manager_config", "enabled"):
        yield "mounts no secrets from Secret Manager: enable secret_manager_config"
    if not dig(resource.body, "fleet", "project"):
        yield "is no member of the fleet, so that the Connect Gateway can't reach it: set fleet"


def _has_own_account(resource: Resource) -> Iterator[str]:
    account = resource.text("node_config", "service_account")
    if not account or account == "default" or account.endswith("-compute@developer.gserviceaccount.com"):
        yield "runs nodes as the project's default account: give them one of their own"
    if resource.text("node_config", "workload_metadata_config", "mode") != "GKE_METADATA":
        yield "lends the node's account to its pods: set workload_metadata_config.mode to GKE_METADATA"
    scopes = dig(resource.body, "node_config", "oauth_scopes")
    if not isinstance(scopes, list) or not scopes or _ALL_OF_GOOGLE in scopes:
        yield "lets nodes call all of Google: list the scopes that they need"


def _starts_verified(resource: Resource) -> Iterator[str]:
    for switch in ("enable_secure_boot", "enable_integrity_monitoring"):
        if not resource.is_true("node_config", "shielded_instance_config", switch):
            yield f"starts nodes whose system may have been changed: set shielded_instance_config.{switch}"
    if resource.kind in _CLUSTER and resource.body.get("enable_shielded_nodes") is not True:
        yield "accepts nodes that anybody pretends to be: set enable_shielded_nodes"


def _stays_current(resource: Resource) -> Iterator[str]:
    if resource.text("release_channel", "channel") not in {"STABLE", "REGULAR"}:
        yield "gets no fixes in time: set release_channel to STABLE or REGULAR"
    if not as_mapping(resource.body.get("maintenance_policy")):
        yield "may restart in the middle of the day: set maintenance_policy"
    if resource.is_true("enable_kubernetes_alpha"):
        yield "runs what is not for production: unset enable_kubernetes_alpha"
    if resource.is_true("enable_legacy_abac"):
        yield "gives rights by attributes beside those by roles: unset enable_legacy_abac"
    if dig(resource.body, "master_auth", "client_certificate_config", "issue_client_certificate") is not False:
        yield "issues a certificate that nobody can take back: unset issue_client_certificate"


def _keeps_pool(resource: Resource) -> Iterator[str]:
    for switch in ("auto_repair", "auto_upgrade"):
        if not resource.is_true("management", switch):
            yield f"keeps broken or old nodes: set management.{switch}"
    if not resource.text("node_config", "image_type").startswith("COS"):
        yield "runs a general system: set image_type to COS_CONTAINERD"


def _sleeps(resource: Resource) -> Iterator[str]:
    least, most = (
        dig(resource.body, "autoscaling", "min_node_count"),
        dig(resource.body, "autoscaling", "max_node_count"),
    )
    if not isinstance(most, int) or most < 1:
        yield "has no upper bound: set autoscaling.max_node_count"
    if not resource.is_true("node_config", "spot"):
        return
    if least != 0:
        yield "keeps spot nodes that nothing needs: set autoscaling.min_node_count to 0"
    if not any(
        taint.get("effect") == "NO_SCHEDULE" for taint in as_objects(dig(resource.body, "node_config", "taint"))
    ):
        yield "takes pods that can't bear to vanish onto spot nodes: set a taint"


def _refuses_deletion(stack: Stack) -> Iterator[tuple[str, str]]:
    providers = as_objects(as_mapping(stack.document.get("provider")).get("google"))
    if any(provider.get("deletion_policy") == "DELETE" for provider in providers):
        # A retired generation: it is meant to go.
        return
    for resource in stack.resources(*_CLUSTER):
        if not resource.is_true("deletion_protection"):
            yield resource.address, "can be deleted while it runs: set deletion_protection, or retire the generation"


def _opens_little(resource: Resource) -> Iterator[str]:
    allowed = as_objects(resource.body.get("allow"))
    if not allowed or resource.text("direction") == "EGRESS":
        return
    if not (resource.body.get("target_service_accounts") or resource.body.get("target_tags")):
        yield "opens every machine of the network: name the account of those that listen"
    if any(not one.get("ports") for one in allowed):
        yield "opens all ports: name those that are listened on"


RULES = (
    Rule(
        id="KARST_GKE_1",
        reason="What has a public address is attacked at once.",
        judge=on_each(_CLUSTER, _is_private),
    ),
    Rule(
        id="KARST_GKE_2",
        reason="What has a public address is attacked at once, and needs no way out of its own.",
        judge=on_each(_POOL, _nodes_are_private),
    ),
    Rule(
        id="KARST_GKE_3",
        reason="Without an enforcer network policies are words.",
        judge=on_each(_CLUSTER, _enforces_policies),
    ),
    Rule(
        id="KARST_GKE_4",
        reason="Whoever is nobody is given a key, and keys leak.",
        judge=on_each(_CLUSTER, _has_identities),
    ),
    Rule(
        id="KARST_GKE_5",
        reason="One pod that is broken into would have what all pods of the node may do.",
        judge=on_each(_WITH_NODES, _has_own_account),
    ),
    Rule(
        id="KARST_GKE_6",
        reason="A changed system sees every secret that is mounted on it.",
        judge=on_each(_WITH_NODES, _starts_verified),
    ),
    Rule(
        id="KARST_GKE_7",
        reason="Old versions and old ways to log in have holes that everybody knows.",
        judge=on_each(_CLUSTER, _stays_current),
    ),
    Rule(
        id="KARST_GKE_8",
        reason="Old versions have holes that everybody knows, and broken nodes hold pods that don't run.",
        judge=on_each(_POOL, _keeps_pool),
    ),
    Rule(
        id="KARST_GKE_9",
        reason="Idle nodes are paid for, and spot nodes vanish.",
        judge=on_each(_POOL, _sleeps),
    ),
    Rule(
        id="KARST_GKE_10",
        reason="A cluster that goes takes everything with it that people are doing.",
        judge=_refuses_deletion,
    ),
    Rule(
        id="KARST_NET_1",
        reason="A port that is open everywhere is open on the machine that nobody thought of.",
        judge=on_each(("google_compute_firewall",), _opens_little),
    ),
)
