"""The settings of a cluster that are the same everywhere, each with its reason; `gke_cluster` puts them together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cdktn_provider_google.container_cluster import (
    ContainerClusterAddonsConfig,
    ContainerClusterAddonsConfigDnsCacheConfig,
    ContainerClusterAddonsConfigHorizontalPodAutoscaling,
    ContainerClusterAddonsConfigHttpLoadBalancing,
    ContainerClusterAddonsConfigNetworkPolicyConfig,
    ContainerClusterAnonymousAuthenticationConfig,
    ContainerClusterControlPlaneEndpointsConfig,
    ContainerClusterControlPlaneEndpointsConfigDnsEndpointConfig,
    ContainerClusterLoggingConfig,
    ContainerClusterMaintenancePolicy,
    ContainerClusterMaintenancePolicyRecurringWindow,
    ContainerClusterMasterAuthorizedNetworksConfig,
    ContainerClusterMasterAuthorizedNetworksConfigCidrBlocks,
    ContainerClusterMonitoringConfig,
    ContainerClusterMonitoringConfigAdvancedDatapathObservabilityConfig,
    ContainerClusterMonitoringConfigManagedPrometheus,
    ContainerClusterNodeConfig,
    ContainerClusterNodeConfigShieldedInstanceConfig,
    ContainerClusterNodeConfigWorkloadMetadataConfig,
    ContainerClusterPrivateClusterConfig,
    ContainerClusterPrivateClusterConfigMasterGlobalAccessConfig,
    ContainerClusterRbacBindingConfig,
    ContainerClusterSecretManagerConfig,
    ContainerClusterSecretManagerConfigRotationConfig,
    ContainerClusterSecretSyncConfig,
    ContainerClusterSecretSyncConfigRotationConfig,
    ContainerClusterSecurityPostureConfig,
)

from karst.gcp.node_pool import NODE_SCOPES

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
WINDOW_H = 12
"""Google takes no less than 48 hours in any 32 days: twelve a week."""
_ROTATION_S = 120
_FIRST_POOL_DISK_GIB = 20
_LAST_HOUR = 23


@dataclass(frozen=True, kw_only=True)
class WeeklyWindow:
    """When Google may upgrade: from `hour` (UTC) on `day`, for twelve hours."""

    day: str = "sunday"
    hour: int = 8


def maintenance(window: WeeklyWindow) -> ContainerClusterMaintenancePolicy:
    """Upgrades come in the window only."""
    if window.day not in DAYS or not 0 <= window.hour <= _LAST_HOUR:
        raise ValueError(
            f"{window.day!r} at {window.hour} is no time of the week: write a day in lower case, an hour 0-23"
        )
    # 2024 began with a Monday.
    first, end = DAYS.index(window.day) + 1, window.hour + WINDOW_H
    return ContainerClusterMaintenancePolicy(
        recurring_window=ContainerClusterMaintenancePolicyRecurringWindow(
            start_time=f"2024-01-{first:02}T{window.hour:02}:00:00Z",
            end_time=f"2024-01-{first + end // 24:02}T{end % 24:02}:00:00Z",
            recurrence=f"FREQ=WEEKLY;BYDAY={window.day[:2].upper()}",
        )
    )


def private_cluster(*, control_plane: str | None, is_public: bool) -> ContainerClusterPrivateClusterConfig:
    """Nodes without public addresses; the control plane has one only where somebody outside is authorized."""
    return ContainerClusterPrivateClusterConfig(
        enable_private_nodes=True,
        enable_private_endpoint=not is_public,
        master_ipv4_cidr_block=control_plane,
        master_global_access_config=ContainerClusterPrivateClusterConfigMasterGlobalAccessConfig(enabled=False),
    )


def endpoints() -> ContainerClusterControlPlaneEndpointsConfig:
    """The name that Google gives the control plane answers inside the network only; outside there is the gateway."""
    return ContainerClusterControlPlaneEndpointsConfig(
        dns_endpoint_config=ContainerClusterControlPlaneEndpointsConfigDnsEndpointConfig(allow_external_traffic=False)
    )


def authorized_networks(networks: Mapping[str, str]) -> ContainerClusterMasterAuthorizedNetworksConfig:
    """Whoever is not listed is turned away, Google Cloud's own public addresses included."""
    return ContainerClusterMasterAuthorizedNetworksConfig(
        gcp_public_cidrs_access_enabled=False,
        cidr_blocks=[
            ContainerClusterMasterAuthorizedNetworksConfigCidrBlocks(display_name=name, cidr_block=cidr)
            for name, cidr in sorted(networks.items())
        ]
        or None,
    )


def addons() -> ContainerClusterAddonsConfig:
    """Endpoint groups for the load balancer (they come with its add-on), autoscaling, DNS answers from the node."""
    return ContainerClusterAddonsConfig(
        http_load_balancing=ContainerClusterAddonsConfigHttpLoadBalancing(disabled=False),
        horizontal_pod_autoscaling=ContainerClusterAddonsConfigHorizontalPodAutoscaling(disabled=False),
        network_policy_config=ContainerClusterAddonsConfigNetworkPolicyConfig(disabled=True),
        dns_cache_config=ContainerClusterAddonsConfigDnsCacheConfig(enabled=True),
    )


def anonymous() -> ContainerClusterAnonymousAuthenticationConfig:
    """Strangers may ask whether the control plane is up, and nothing else, whatever roles say."""
    return ContainerClusterAnonymousAuthenticationConfig(mode="LIMITED")


def rbac_bindings() -> ContainerClusterRbacBindingConfig:
    """No role can be given to everybody who has an account with Google."""
    return ContainerClusterRbacBindingConfig(
        enable_insecure_binding_system_authenticated=False, enable_insecure_binding_system_unauthenticated=False
    )


def security_posture() -> ContainerClusterSecurityPostureConfig:
    """Google looks for unsafe pods. Images are scanned in the registry already."""
    return ContainerClusterSecurityPostureConfig(mode="BASIC", vulnerability_mode="VULNERABILITY_DISABLED")


def mounted_secrets() -> ContainerClusterSecretManagerConfig:
    """Secrets as files of a pod, renewed while it runs."""
    return ContainerClusterSecretManagerConfig(
        enabled=True,
        rotation_config=ContainerClusterSecretManagerConfigRotationConfig(
            enabled=True, rotation_interval=f"{_ROTATION_S}s"
        ),
    )


def synced_secrets() -> ContainerClusterSecretSyncConfig:
    """Secrets as Kubernetes secrets, for programs that read variables only."""
    return ContainerClusterSecretSyncConfig(
        enabled=True,
        rotation_config=ContainerClusterSecretSyncConfigRotationConfig(
            enabled=True, rotation_interval=f"{_ROTATION_S}s"
        ),
    )


def logging() -> ContainerClusterLoggingConfig:
    """Logs of pods, of the system, and of who asked the control plane for what."""
    return ContainerClusterLoggingConfig(enable_components=["SYSTEM_COMPONENTS", "WORKLOADS", "APISERVER"])


def monitoring() -> ContainerClusterMonitoringConfig:
    """Metrics of what runs, and Prometheus that Google runs, by which workloads scale."""
    return ContainerClusterMonitoringConfig(
        enable_components=["SYSTEM_COMPONENTS", "DAEMONSET", "DEPLOYMENT", "HPA", "POD", "STATEFULSET", "STORAGE"],
        managed_prometheus=ContainerClusterMonitoringConfigManagedPrometheus(enabled=True),
        advanced_datapath_observability_config=ContainerClusterMonitoringConfigAdvancedDatapathObservabilityConfig(
            enable_metrics=True, enable_relay=False
        ),
    )


def first_pool(node_account: str) -> ContainerClusterNodeConfig:
    """The pool that GKE insists on, as safe as those that stay."""
    return ContainerClusterNodeConfig(
        service_account=node_account,
        oauth_scopes=list(NODE_SCOPES),
        disk_type="pd-balanced",
        disk_size_gb=_FIRST_POOL_DISK_GIB,
        shielded_instance_config=ContainerClusterNodeConfigShieldedInstanceConfig(
            enable_secure_boot=True, enable_integrity_monitoring=True
        ),
        workload_metadata_config=ContainerClusterNodeConfigWorkloadMetadataConfig(mode="GKE_METADATA"),
    )
