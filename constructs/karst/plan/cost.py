"""What a monthly bill depends on: attributes that are paid for, by type of resource. No prices, which change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from karst.plan.differences import Difference
from karst.plan.model import Action, ResourceChange

_MACHINES = "machines, by the hour"
_DISKS = "disks, by size and month"
_COPIES = "copies, each of which takes its share of a node"

DRIVERS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "google_artifact_registry_repository": ("stored images, by size and month", {}),
    "google_bigquery_table": ("stored data, and what queries read of it", {}),
    "google_bigtable_instance": (
        "nodes by the hour, whether used or not, and stored data",
        {
            "cluster.num_nodes": "nodes, by the hour",
            "cluster.autoscaling_config.min_nodes": "nodes that always run",
            "cluster.autoscaling_config.max_nodes": "nodes at the most",
            "cluster.storage_type": "price of stored data",
        },
    ),
    "google_cloud_run_v2_service": (
        "processor and memory while requests run, or always where copies are kept",
        {
            "template.scaling.min_instance_count": "copies that are kept, by the second",
            "template.scaling.max_instance_count": "copies at the most",
            "template.containers.resources.limits.cpu": "processor of a copy",
            "template.containers.resources.limits.memory": "memory of a copy",
            "template.containers.resources.cpu_idle": "false: paid between requests too",
        },
    ),
    "google_compute_address": ("an address, by the hour", {}),
    "google_compute_forwarding_rule": ("a rule of a load balancer, by the hour, and its traffic", {}),
    "google_compute_global_address": ("an address, by the hour while nothing uses it", {}),
    "google_compute_global_forwarding_rule": ("a rule of a load balancer, by the hour, and its traffic", {}),
    "google_compute_router_nat": ("a gateway by the hour, and traffic through it", {}),
    "google_compute_security_policy": ("a policy and each of its rules, by the month, and requests", {}),
    "google_compute_subnetwork": (
        "flow logs, by size",
        {"log_config.flow_sampling": "share of the traffic that is logged"},
    ),
    "google_container_cluster": ("a control plane, by the hour", {}),
    "google_container_node_pool": (
        _MACHINES,
        {
            "autoscaling.max_node_count": "machines at the most, in each zone",
            "autoscaling.min_node_count": "machines that always run, in each zone",
            "autoscaling.total_max_node_count": "machines at the most",
            "autoscaling.total_min_node_count": "machines that always run",
            "node_config.disk_size_gb": _DISKS,
            "node_config.disk_type": "price of disks",
            "node_config.guest_accelerator.count": "accelerators, by the hour",
            "node_config.guest_accelerator.type": "price of accelerators",
            "node_config.machine_type": "price of a machine",
            "node_config.spot": "true: cheaper, and taken away at any time",
            "node_count": _MACHINES,
            "node_locations": "zones, each with machines of its own",
        },
    ),
    "google_dns_managed_zone": ("a zone, by the month, and queries", {}),
    "google_firestore_database": (
        "reads, writes and stored data",
        {"point_in_time_recovery_enablement": "older versions are stored for a week"},
    ),
    "google_monitoring_uptime_check_config": ("checks, by number", {}),
    "google_pubsub_subscription": (
        "traffic of messages, and those kept",
        {
            "message_retention_duration": "how long messages are kept",
            "retain_acked_messages": "kept after they are read",
        },
    ),
    "google_redis_instance": (
        "memory, by the hour",
        {"memory_size_gb": "memory, by the hour", "replica_count": "copies of it", "tier": "STANDARD_HA: twice"},
    ),
    "google_secret_manager_secret_version": ("a version, by the month, and reading it", {}),
    "google_sql_database_instance": (
        "a machine by the hour, its disk and its backups",
        {
            "settings.availability_type": "REGIONAL: twice",
            "settings.backup_configuration.backup_retention_settings.retained_backups": "backups, by size and month",
            "settings.backup_configuration.point_in_time_recovery_enabled": "logs, by size and month",
            "settings.backup_configuration.transaction_log_retention_days": "logs, by size and month",
            "settings.disk_autoresize_limit": "disk at the most",
            "settings.disk_size": _DISKS,
            "settings.disk_type": "price of the disk",
            "settings.edition": "price of the machine",
            "settings.tier": "price of the machine",
        },
    ),
    "google_storage_bucket": (
        "stored data, operations and traffic",
        {
            "location": "price of stored data",
            "soft_delete_policy.retention_duration_seconds": "deleted data is stored so long",
            "storage_class": "price of stored data and of reading it",
            "versioning.enabled": "older versions are stored too",
        },
    ),
    "kubernetes_deployment_v1": (
        "what it reserves of a node",
        {
            "spec.replicas": _COPIES,
            "spec.template.spec.container.resources.requests.cpu": "processor that is reserved",
            "spec.template.spec.container.resources.requests.memory": "memory that is reserved",
        },
    ),
    "kubernetes_horizontal_pod_autoscaler_v2": (
        "how many copies run",
        {"spec.min_replicas": _COPIES, "spec.max_replicas": "copies at the most"},
    ),
    "kubernetes_persistent_volume_claim_v1": (_DISKS, {"spec.resources.requests.storage": _DISKS}),
}
"""By type: what is paid for, and the attributes that decide how much."""
COUNTED = frozenset({"google_secret_manager_secret_version", "kubernetes_deployment_v1"})
"""Types of which a single one more or less is too cheap, or too indirect, to be told."""


@dataclass(frozen=True, kw_only=True)
class CostChange:
    """One thing that makes the bill larger or smaller."""

    stack: str
    address: str
    what: str
    """What is paid for."""
    difference: Difference | None
    """The attribute that changes; None where the object as a whole comes or goes."""
    action: Action


def cost_changes(stack: str, change: ResourceChange, changed: Iterable[Difference]) -> tuple[CostChange, ...]:
    """What `change` does to the bill, as far as attributes tell."""
    if change.type not in DRIVERS or change.action is Action.FORGET:
        return ()
    whole, attributes = DRIVERS[change.type]
    found: list[CostChange] = []
    if change.action in {Action.CREATE, Action.DELETE} and change.type not in COUNTED:
        found.append(CostChange(stack=stack, address=change.address, what=whole, difference=None, action=change.action))
    if change.action in {Action.UPDATE, Action.REPLACE}:
        found += [
            CostChange(
                stack=stack, address=change.address, what=attributes[one.path], difference=one, action=change.action
            )
            for one in changed
            if one.path in attributes
        ]
    return tuple(found)
