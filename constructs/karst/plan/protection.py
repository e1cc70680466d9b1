"""Which objects must not be lost, and what keeps them: their types, and what their attributes say."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from karst.plan.model import JsonValue, Values

_FLAGS: Mapping[str, tuple[JsonValue, ...]] = {
    "deletion_protection": (True, "PROTECTED"),
    "deletion_protection_enabled": (True,),
    "delete_protection_state": ("DELETE_PROTECTION_ENABLED",),
}
_GRANT_SUFFIXES = ("_iam_member", "_iam_binding", "_iam_policy")
_SQL_USER = "google_sql_user"
SECRET_VERSION = "google_secret_manager_secret_version"  # noqa: S105 - a type's name holds no secret
_CLEANING = "google_bigtable_gc_policy"

STATEFUL = frozenset(
    {
        "google_alloydb_backup",
        "google_alloydb_cluster",
        "google_artifact_registry_repository",
        "google_bigquery_dataset",
        "google_bigquery_table",
        "google_bigtable_backup",
        "google_bigtable_instance",
        "google_bigtable_table",
        "google_compute_disk",
        "google_compute_region_disk",
        "google_compute_snapshot",
        "google_container_cluster",
        "google_filestore_instance",
        "google_firestore_backup_schedule",
        "google_firestore_database",
        "google_kms_crypto_key",
        "google_kms_crypto_key_version",
        "google_project",
        "google_pubsub_subscription",
        "google_pubsub_topic",
        "google_redis_cluster",
        "google_redis_instance",
        "google_secret_manager_regional_secret",
        "google_secret_manager_regional_secret_version",
        "google_secret_manager_secret",
        "google_secret_manager_secret_version",
        "google_spanner_database",
        "google_spanner_instance",
        "google_sql_database",
        "google_sql_database_instance",
        "google_storage_bucket",
        "kubernetes_persistent_volume",
        "kubernetes_persistent_volume_claim",
        "kubernetes_persistent_volume_claim_v1",
        "kubernetes_persistent_volume_v1",
    }
)
"""Types that hold what can't be made again from the configuration: data, messages, secrets, and what runs with them."""

_SWITCHES: Mapping[str, tuple[JsonValue, ...]] = {
    "versioning.enabled": (True,),
    "retention_policy.is_locked": (True,),
    "settings.backup_configuration.enabled": (True,),
    "settings.backup_configuration.point_in_time_recovery_enabled": (True,),
    "settings.retain_backups_on_delete": (True,),
    "point_in_time_recovery_enablement": ("POINT_IN_TIME_RECOVERY_ENABLED",),
    "persistence_config.persistence_mode": ("RDB", "AOF"),
}
_AMOUNTS = (
    "soft_delete_policy.retention_duration_seconds",
    "retention_policy.retention_period",
    "settings.backup_configuration.transaction_log_retention_days",
    "settings.backup_configuration.backup_retention_settings.retained_backups",
    "automated_backup_policy.retention_period",
)

_SWEEPERS = ("force_destroy", "delete_contents_on_destroy")
_ENDS = (
    "expire_time",
    "ttl",
    "expiration_time",
    "default_table_expiration_ms",
    "default_partition_expiration_ms",
    "version_destroy_ttl",
)


def deletion_policy(values: Values) -> str | None:
    """What the provider does when it is told to delete the object: PREVENT, DELETE, ABANDON, DISABLE."""
    policy = values.get("deletion_policy")
    return policy if isinstance(policy, str) else None


def is_abandoned(values: Values) -> bool:
    """Whether deleting leaves the object standing in the cloud, data and all."""
    return deletion_policy(values) == "ABANDON"


def is_released(values: Values) -> bool:
    """Whether state says that deleting deletes, as somebody agreed to in an earlier change, or only disables."""
    return deletion_policy(values) in {"DELETE", "DISABLE"}


def is_deleting(values: Values) -> bool:
    """Whether state says that deleting destroys the object, data and all."""
    return deletion_policy(values) == "DELETE"


def protections(values: Values) -> tuple[str, ...]:
    """Every protection from deletion that an object carries, as `attribute = value`; none for what may be deleted."""
    if is_abandoned(values):
        return ()
    policy = ("deletion_policy = PREVENT",) if deletion_policy(values) == "PREVENT" else ()
    return (*policy, *sorted(_flags(values, "")))


def lifted(resource_type: str, before: Values, after: Values) -> tuple[str, ...]:
    """What protected the data before and no longer does: protections, versions, backups, and how long they are kept.

    What is to be known only while the plan is applied counts as lifted.
    """
    kept = frozenset(protections(after))
    gone = [item for item in protections(before) if item not in kept]
    gone += [
        f"{path} no longer on"
        for path, on in _SWITCHES.items()
        if value_at(before, path) in on and value_at(after, path) not in on
    ]
    gone += [
        f"{path} {change}" for path in _AMOUNTS if (change := _shrunk(value_at(before, path), value_at(after, path)))
    ]
    if value_at(before, "automated_backup_policy.frequency") and not value_at(
        after, "automated_backup_policy.frequency"
    ):
        gone.append("automated_backup_policy gone")
    if resource_type in STATEFUL and is_deleting(after) and not is_deleting(before) and not protections(before):
        gone.append("deletion_policy = DELETE: it is released")
    gone += [
        f"{key} on: it may be deleted with what it holds" for key in _SWEEPERS if _is_switched_on(key, before, after)
    ]
    if resource_type in STATEFUL:
        gone += [f"{key} set: what it holds ends by itself" for key in _ENDS if _is_ending(key, before, after)]
    if _deleting_rules(after) - _deleting_rules(before):
        gone.append("lifecycle_rule: another rule that deletes what it holds")
    if resource_type == _CLEANING and _rules_of_cells(before) != _rules_of_cells(after):
        gone.append("another rule for which cells are deleted")
    return tuple(gone)


def lost_inside(resource_type: str, before: Values, after: Values) -> str:
    """What an object that stays loses of its data all the same, in words; empty where it loses nothing."""
    if resource_type != "google_bigtable_table":
        return ""
    gone = _families(before) - _families(after)
    return f"{len(gone)} of its column families" if gone else ""


def value_at(values: Values, path: str) -> JsonValue:
    """The value at a path with dots, through blocks, which a plan writes as lists of one."""
    found: JsonValue = dict(values)
    for key in path.split("."):
        if isinstance(found, list):
            found = next(iter(found), None)
        if not isinstance(found, dict):
            return None
        found = found.get(key)
    return found


def is_grant(resource_type: str) -> bool:
    """Whether a resource is somebody's access: losing one stops services in the middle of an apply."""
    return resource_type.endswith(_GRANT_SUFFIXES) or resource_type == _SQL_USER


def is_rotation(resource_type: str, before: Values, *, is_create_first: bool, is_leftover: bool) -> bool:
    """Whether an old secret version, only disabled, makes room for a new one that already stands."""
    return resource_type == SECRET_VERSION and deletion_policy(before) == "DISABLE" and (is_create_first or is_leftover)


def _flags(values: Values, prefix: str) -> Iterator[str]:
    for key, value in values.items():
        # Cloud SQL keeps its switch inside the block `settings`, a list of one.
        if isinstance(value, list):
            for item in value:
                if isinstance(item, dict):
                    yield from _flags(item, f"{prefix}{key}.")
        elif (value is True or isinstance(value, str)) and value in _FLAGS.get(key, ()):
            yield f"{prefix}{key} = {'true' if value is True else value}"


def _shrunk(before: JsonValue, after: JsonValue) -> str:
    """How an amount became less; empty where it did not."""
    least, now = _amount(before), _amount(after)
    if not least or (now is not None and now >= least):
        return ""
    return "shorter" if now else "gone"


def _amount(value: JsonValue) -> float | None:
    """A number, or a duration such as `168h0m0s`, whose first part tells the large ones apart."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        return float(value) if isinstance(value, (int, float)) else float(str(value).partition("h")[0].rstrip("s"))
    except (ValueError, OverflowError):
        return None


def _deleting_rules(values: Values) -> frozenset[str]:
    rules = values.get("lifecycle_rule")
    return frozenset(
        json.dumps(rule.get("condition"), sort_keys=True)
        for rule in (rules if isinstance(rules, list) else ())
        if isinstance(rule, dict) and value_at(rule, "action.type") == "Delete"
    )


def _is_switched_on(key: str, before: Values, after: Values) -> bool:
    was, now = before.get(key), after.get(key)
    return (was is False and now is not False) or (was is not True and now is True)


def _is_ending(key: str, before: Values, after: Values) -> bool:
    return bool(after.get(key)) and after.get(key) != before.get(key)


def _families(values: Values) -> frozenset[str]:
    families = values.get("column_family")
    listed = families if isinstance(families, list) else []
    return frozenset(json.dumps(one.get("family")) for one in listed if isinstance(one, dict))


def _rules_of_cells(values: Values) -> str:
    return json.dumps([values.get(key) for key in ("max_age", "max_version", "gc_rules", "mode")], sort_keys=True)
