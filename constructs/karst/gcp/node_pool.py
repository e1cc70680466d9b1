"""Machines of one kind in a cluster, on which pods run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cdktn import TerraformResourceLifecycle
from cdktn_provider_google.container_node_pool import (
    ContainerNodePool,
    ContainerNodePoolAutoscaling,
    ContainerNodePoolManagement,
    ContainerNodePoolNetworkConfig,
    ContainerNodePoolNodeConfig,
    ContainerNodePoolNodeConfigKubeletConfig,
    ContainerNodePoolNodeConfigShieldedInstanceConfig,
    ContainerNodePoolNodeConfigTaint,
    ContainerNodePoolNodeConfigWorkloadMetadataConfig,
    ContainerNodePoolUpgradeSettings,
)
from constructs import Construct

from karst.gcp.members import email_of

TAINT_KEY = "pool"
"""Pods tolerate `pool=<name of the pool>:NoSchedule` to run on machines that are kept for them."""

NODE_SCOPES = tuple(
    f"https://www.googleapis.com/auth/{scope}"
    for scope in (
        "devstorage.read_only",
        "logging.write",
        "monitoring",
        "service.management.readonly",
        "servicecontrol",
        "trace.append",
    )
)
"""What a node itself calls: it pulls images, writes logs and metrics. Pods call Google as themselves."""


@dataclass(frozen=True, kw_only=True)
class NodePoolProps:
    """The machines and how many of them there may be. Counts are per zone."""

    project: str
    cluster: str
    """Name of the cluster; a reference to it makes the pool wait for the cluster."""
    cluster_location: str
    name: str
    zones: Sequence[str]
    machine_type: str
    min_nodes: int
    """0 lets the pool sleep while nothing needs it."""
    max_nodes: int
    disk_gib: int
    node_account: str
    disk_type: str = "pd-balanced"
    is_spot: bool = False
    """Cheap machines that vanish with 30 seconds' notice."""
    is_tainted: bool = True
    """Only pods that tolerate the pool by its name run on it."""
    labels: Mapping[str, str] = field(default_factory=dict[str, str])


class NodePool(Construct):
    """A pool that grows and shrinks with what waits to run.

    Promises: machines without public addresses, with verified boot, that hand each pod its own identity and never
    theirs; they are repaired and upgraded by Google, one at a time and with a new one ready before an old one goes. A
    pool keeps nothing: deleting it moves its pods, so no protection stands in the way. Surprises: another machine or
    disk replaces the nodes one by one; another name, or a change of `is_spot`, replaces the pool.
    """

    name: str

    def __init__(self, scope: Construct, id: str, props: NodePoolProps) -> None:
        super().__init__(scope, id)
        _check(props)
        self.name = props.name
        ContainerNodePool(
            self,
            "pool",
            project=props.project,
            cluster=props.cluster,
            location=props.cluster_location,
            name=props.name,
            node_locations=sorted(props.zones),
            initial_node_count=props.min_nodes,
            autoscaling=ContainerNodePoolAutoscaling(
                min_node_count=props.min_nodes,
                max_node_count=props.max_nodes,
                # Spot machines are taken wherever there are any; others are spread, to outlive the loss of a zone.
                location_policy="ANY" if props.is_spot else "BALANCED",
            ),
            management=ContainerNodePoolManagement(auto_repair=True, auto_upgrade=True),
            upgrade_settings=ContainerNodePoolUpgradeSettings(strategy="SURGE", max_surge=1, max_unavailable=0),
            network_config=ContainerNodePoolNetworkConfig(enable_private_nodes=True),
            node_config=_node_config(props),
            deletion_policy="DELETE",
            # The number of the first day; afterwards the autoscaler's bounds count. A change would replace the pool.
            lifecycle=TerraformResourceLifecycle(ignore_changes=["initial_node_count"]),
        )


def _node_config(props: NodePoolProps) -> ContainerNodePoolNodeConfig:
    taint = ContainerNodePoolNodeConfigTaint(key=TAINT_KEY, value=props.name, effect="NO_SCHEDULE")
    return ContainerNodePoolNodeConfig(
        machine_type=props.machine_type,
        image_type="COS_CONTAINERD",
        disk_type=props.disk_type,
        disk_size_gb=props.disk_gib,
        spot=props.is_spot,
        service_account=email_of(props.node_account),
        oauth_scopes=list(NODE_SCOPES),
        resource_labels={**dict(sorted(props.labels.items())), "pool": props.name},
        taint=[taint] if props.is_tainted else None,
        metadata={"disable-legacy-endpoints": "true"},
        shielded_instance_config=ContainerNodePoolNodeConfigShieldedInstanceConfig(
            enable_secure_boot=True, enable_integrity_monitoring=True
        ),
        workload_metadata_config=ContainerNodePoolNodeConfigWorkloadMetadataConfig(mode="GKE_METADATA"),
        kubelet_config=ContainerNodePoolNodeConfigKubeletConfig(insecure_kubelet_readonly_port_enabled="FALSE"),
    )


def _check(props: NodePoolProps) -> None:
    if not 0 <= props.min_nodes <= props.max_nodes or props.max_nodes < 1:
        raise ValueError(
            f"node pool {props.name!r}: min_nodes {props.min_nodes} and max_nodes {props.max_nodes} are no bounds: "
            "write 0 <= min_nodes <= max_nodes, and max_nodes of at least 1"
        )
    if not props.zones:
        raise ValueError(f"node pool {props.name!r} has no zone: name at least one")
