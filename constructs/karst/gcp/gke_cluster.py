"""A Kubernetes cluster that nobody reaches from outside except through Google's own gateway."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network

from cdktn import ITerraformDependable, TerraformResourceLifecycle
from cdktn_provider_google.container_cluster import (
    ContainerCluster,
    ContainerClusterAuthenticatorGroupsConfig,
    ContainerClusterBinaryAuthorization,
    ContainerClusterCostManagementConfig,
    ContainerClusterFleet,
    ContainerClusterIpAllocationPolicy,
    ContainerClusterMasterAuth,
    ContainerClusterMasterAuthClientCertificateConfig,
    ContainerClusterNetworkPolicy,
    ContainerClusterReleaseChannel,
    ContainerClusterServiceExternalIpsConfig,
    ContainerClusterVerticalPodAutoscaling,
    ContainerClusterWorkloadIdentityConfig,
)
from constructs import Construct

from karst.gcp import gke_settings as settings
from karst.gcp.gke_settings import WeeklyWindow
from karst.gcp.members import email_of
from karst.protection import Protection

CONTROL_PLANE_PREFIX = 28
_MASTER_AUTH = ContainerClusterMasterAuthClientCertificateConfig


@dataclass(frozen=True, kw_only=True)
class GkeClusterProps:
    """Where the cluster stands, what its nodes are, and who may reach its control plane."""

    project: str
    name: str
    """Also the name of its membership in the project's fleet, by which the Connect Gateway knows it. Fixed."""
    location: str
    """A region spreads the control plane over its zones; a zone keeps one. Fixed."""
    zones: Sequence[str]
    """Where nodes run."""
    network: str
    subnet: str
    pods_range: str
    """Secondary range of the subnet for pods; generations of a cluster share it. Fixed."""
    node_account: str
    protection: Protection
    labels: Mapping[str, str]
    services_range: str | None = None
    """Secondary range of the subnet for Kubernetes services, which one cluster at a time can hold. By default one that
    GKE keeps for this purpose, outside of the network and the same in every cluster. Fixed."""
    control_plane: str | None = None
    """A /28 of its own for the control plane; by default an address of the subnet. Fixed."""
    authorized_networks: Mapping[str, str] = field(default_factory=dict[str, str])
    """Addresses, by whose they are, that reach the control plane itself; a public one opens the public endpoint."""
    release_channel: str = "STABLE"
    least_version: str | None = None
    maintenance: WeeklyWindow = field(default_factory=WeeklyWindow)
    security_group: str | None = None
    """`gke-security-groups@<domain>`: groups inside it get Kubernetes roles."""
    is_binary_authorized: bool = False
    """Admit only images that the project's policy attests."""
    is_vertically_scaled: bool = True
    """Record what pods use; nothing is changed without being asked."""


class GkeCluster(Construct):
    """A cluster without nodes; pools bring them.

    Promises: nodes and, unless somebody outside is named, the control plane have no public address; network policies
    are enforced; every pod is somebody to Google by its own account, with no key; secrets come from Secret Manager and
    follow its rotation; neither certificates nor passwords nor attributes log anybody in. Google upgrades it inside
    the weekly window only. Deletion is refused while protected.
    """

    name: str
    dependable: ITerraformDependable
    """What waits for the cluster: its pools, and grants to its pods."""

    def __init__(self, scope: Construct, id: str, props: GkeClusterProps) -> None:
        super().__init__(scope, id)
        _check(props)
        cluster = self._add_cluster(props)
        self.name = cluster.name
        self.dependable = cluster

    def _add_cluster(self, props: GkeClusterProps) -> ContainerCluster:
        group = props.security_group
        others = sorted(zone for zone in props.zones if zone != props.location)
        return ContainerCluster(
            self,
            "cluster",
            project=props.project,
            name=props.name,
            location=props.location,
            node_locations=others or None,
            resource_labels=dict(sorted(props.labels.items())),
            deletion_protection=props.protection.is_on,
            fleet=ContainerClusterFleet(project=props.project),
            # Network
            network=props.network,
            subnetwork=props.subnet,
            networking_mode="VPC_NATIVE",
            ip_allocation_policy=ContainerClusterIpAllocationPolicy(
                cluster_secondary_range_name=props.pods_range,
                services_secondary_range_name=props.services_range,
                stack_type="IPV4",
            ),
            private_cluster_config=settings.private_cluster(
                control_plane=props.control_plane, is_public=_has_public(props.authorized_networks)
            ),
            control_plane_endpoints_config=settings.endpoints(),
            master_authorized_networks_config=settings.authorized_networks(props.authorized_networks),
            datapath_provider="ADVANCED_DATAPATH",
            # Dataplane V2 enforces policies by itself; the older enforcer stays off beside it.
            network_policy=ContainerClusterNetworkPolicy(enabled=False),
            enable_intranode_visibility=True,
            service_external_ips_config=ContainerClusterServiceExternalIpsConfig(enabled=False),
            addons_config=settings.addons(),
            # Identity and access
            workload_identity_config=ContainerClusterWorkloadIdentityConfig(
                workload_pool=f"{props.project}.svc.id.goog"
            ),
            master_auth=ContainerClusterMasterAuth(
                client_certificate_config=_MASTER_AUTH(issue_client_certificate=False)
            ),
            enable_legacy_abac=False,
            anonymous_authentication_config=settings.anonymous(),
            rbac_binding_config=settings.rbac_bindings(),
            authenticator_groups_config=(
                ContainerClusterAuthenticatorGroupsConfig(security_group=group) if group else None
            ),
            binary_authorization=ContainerClusterBinaryAuthorization(
                evaluation_mode="PROJECT_SINGLETON_POLICY_ENFORCE" if props.is_binary_authorized else "DISABLED"
            ),
            security_posture_config=settings.security_posture(),
            # Secrets
            secret_manager_config=settings.mounted_secrets(),
            secret_sync_config=settings.synced_secrets(),
            # Watching
            logging_config=settings.logging(),
            monitoring_config=settings.monitoring(),
            cost_management_config=ContainerClusterCostManagementConfig(enabled=True),
            vertical_pod_autoscaling=ContainerClusterVerticalPodAutoscaling(enabled=props.is_vertically_scaled),
            # Versions
            release_channel=ContainerClusterReleaseChannel(channel=props.release_channel),
            min_master_version=props.least_version,
            maintenance_policy=settings.maintenance(props.maintenance),
            enable_kubernetes_alpha=False,
            # GKE makes no cluster without a first pool. It lives for a minute, yet must not run as the project's
            # default account, which a careful project has not got.
            remove_default_node_pool=True,
            initial_node_count=1,
            enable_shielded_nodes=True,
            node_config=settings.first_pool(email_of(props.node_account)),
            lifecycle=TerraformResourceLifecycle(ignore_changes=["initial_node_count", "node_config"]),
        )


_PRIVATE = tuple(IPv4Network(cidr) for cidr in ("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16"))


def _has_public(networks: Mapping[str, str]) -> bool:
    return not all(any(_network(name, cidr).subnet_of(one) for one in _PRIVATE) for name, cidr in networks.items())


def _network(name: str, cidr: str) -> IPv4Network:
    try:
        return IPv4Network(cidr)
    except ValueError:
        raise ValueError(
            f"authorized network {name!r}: {cidr} is no range of IPv4 addresses, and control planes answer on no others"
        ) from None


def _check(props: GkeClusterProps) -> None:
    if not props.labels:
        raise ValueError(f"cluster {props.name!r} has no labels: its costs could be told from nothing else's")
    if not props.zones:
        raise ValueError(f"cluster {props.name!r} has no zone for nodes: name at least one")
    if props.control_plane is not None and IPv4Network(props.control_plane).prefixlen != CONTROL_PLANE_PREFIX:
        raise ValueError(f"cluster {props.name!r}: the control plane takes a /28, not {props.control_plane}")
    for name, cidr in props.authorized_networks.items():
        if _network(name, cidr).prefixlen == 0:
            raise ValueError(
                f"authorized network {name!r} is the whole internet: name the addresses of people you know"
            )
