"""Which values of a plan may be shown to whoever reads a pull request: those listed here, and no others.

A plan holds every attribute in plain text, and providers mark few of them as secret. So a value is shown only where
its attribute is listed, and only if it looks as values of that attribute do: a region, a machine, a number.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from karst.plan.model import JsonValue

SENSITIVE = "(sensitive)"
LATER = "(known after apply)"
NOTHING = "(none)"

_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,6})?")
_WORD = re.compile(r"[A-Z][A-Z0-9]{1,14}(_[A-Z0-9]{1,14}){0,6}")
_PLACE = re.compile(
    r"(?i:(us|eu|asia|europe|africa|me|australia|northamerica|southamerica)(-[a-z]+[0-9]{1,2}(-[a-z])?)?)"
)
_MACHINE = re.compile(
    r"(db-(custom-[0-9]{1,3}-[0-9]{1,7}|perf-optimized-N-[0-9]{1,3}|f1-micro|g1-small|[nc][0-9][a-z]?-[a-z]+-[0-9]{1,3}))"
    r"|([acefghmntz][0-9][a-z]?-(standard|highmem|highcpu|medium|small|micro|ultramem|megamem|highgpu|custom)"
    r"(-[0-9]{1,3}[a-z]?){0,2})"
)
_DISK = re.compile(r"(pd|hyperdisk)-[a-z]{2,12}")
_VERSION = re.compile(r"v?[0-9]{1,4}(\.[0-9]{1,5}){0,3}(-gke\.[0-9]{1,8})?")
_ROLE = re.compile(r"roles/[a-z][A-Za-z]{1,30}(\.[a-z][A-Za-z]{1,40}){0,2}")
_QUANTITY = re.compile(r"[0-9]{1,9}(\.[0-9]{1,3})?(m|k|Ki|M|Mi|G|Gi|T|Ti)?")
_DURATION = re.compile(r"[0-9]{1,12}(\.[0-9]{1,3})?s|([0-9]{1,6}h)?([0-9]{1,3}m)?([0-9]{1,3}s)?")
_GPU = re.compile(r"nvidia-[a-z]{1,8}-?[a-z]?[0-9]{1,4}(-[0-9]{1,3}gb)?")
_CIDR = re.compile(r"[0-9]{1,3}(\.[0-9]{1,3}){3}/[0-9]{1,2}")

SHOWN: Mapping[str, re.Pattern[str]] = {
    "activation_policy": _WORD,
    "availability_type": _WORD,
    "class": _WORD,
    "cpu": _QUANTITY,
    "cpu_target": _NUMBER,
    "data_retention_days": _NUMBER,
    "database_version": _WORD,
    "delete_protection_state": _WORD,
    "deletion_policy": _WORD,
    "deletion_protection": _WORD,
    "direction": _WORD,
    "disk_autoresize_limit": _NUMBER,
    "disk_size": _NUMBER,
    "disk_size_gb": _NUMBER,
    "disk_type": re.compile(f"{_WORD.pattern}|{_DISK.pattern}"),
    "edition": _WORD,
    "ingress": _WORD,
    "initial_node_count": _NUMBER,
    "ip_cidr_range": _CIDR,
    "load_balancing_scheme": _WORD,
    "location": _PLACE,
    "location_id": _PLACE,
    "location_preference": _PLACE,
    "machine_type": _MACHINE,
    "max_instance_count": _NUMBER,
    "max_node_count": _NUMBER,
    "max_nodes": _NUMBER,
    "max_replicas": _NUMBER,
    "memory": _QUANTITY,
    "memory_size_gb": _NUMBER,
    "message_retention_duration": _DURATION,
    "min_instance_count": _NUMBER,
    "min_master_version": _VERSION,
    "min_node_count": _NUMBER,
    "min_nodes": _NUMBER,
    "min_replicas": _NUMBER,
    "mode": _WORD,
    "node_count": _NUMBER,
    "num_nodes": _NUMBER,
    "persistence_mode": _WORD,
    "point_in_time_recovery_enablement": _WORD,
    "port": _NUMBER,
    "priority": _NUMBER,
    "public_access_prevention": re.compile(r"enforced|inherited"),
    "redis_version": _WORD,
    "region": _PLACE,
    "replica_count": _NUMBER,
    "replicas": _NUMBER,
    "retained_backups": _NUMBER,
    "retention": _DURATION,
    "retention_duration_seconds": _NUMBER,
    "retention_period": re.compile(f"{_NUMBER.pattern}|{_DURATION.pattern}"),
    "role": _ROLE,
    "storage_class": _WORD,
    "storage_type": _WORD,
    "tier": re.compile(f"{_WORD.pattern}|{_MACHINE.pattern}"),
    "transaction_log_retention_days": _NUMBER,
    "transit_encryption_mode": _WORD,
    "type": re.compile(f"{_WORD.pattern}|{_GPU.pattern}"),
    "version": _VERSION,
    "weight": _NUMBER,
    "zone": _PLACE,
}
"""Last part of an attribute's path to what its values look like."""
SHOWN_KEYS = frozenset({"cpu", "memory", "ephemeral-storage", "nvidia.com/gpu"})
"""Keys of maps that may be named: all others somebody made up, and may hold anything."""
MAPS_OF_AMOUNTS = frozenset({"limits", "requests"})


def shown(path: str, value: JsonValue) -> str | None:
    """A value in words, or None where it may not be shown."""
    if value is None or value == "":
        return NOTHING
    if isinstance(value, bool):
        return "true" if value else "false"
    pattern = SHOWN.get(path.rpartition(".")[2])
    if pattern is None or not isinstance(value, (str, int, float)):
        return None
    text = str(value)
    return text if pattern.fullmatch(text) else None
