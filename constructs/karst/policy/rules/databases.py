"""Servers of databases: private, encrypted, restorable, and never full."""

from __future__ import annotations

from collections.abc import Iterator

from karst.policy.model import Resource, Rule, as_mapping, as_objects, dig, on_each

_SQL = ("google_sql_database_instance",)
_ENCRYPTED = frozenset({"ENCRYPTED_ONLY", "TRUSTED_CLIENT_CERTIFICATE_REQUIRED"})
LOGGED = {
    "cloudsql.enable_pgaudit": "on",
    "cloudsql.iam_authentication": "on",
    "log_checkpoints": "on",
    "log_connections": "on",
    "log_disconnections": "on",
    "log_lock_waits": "on",
    "log_temp_files": "0",
    "log_parameter_max_length": "0",
}
"""Flags that audits and logins rely on; people's data stays out of logs."""


def _is_private(resource: Resource) -> Iterator[str]:
    network = as_mapping(as_mapping(resource.body.get("settings")).get("ip_configuration"))
    if network.get("ipv4_enabled") is not False or not network.get("private_network"):
        yield "has a public address: set ipv4_enabled to false and name a private network"
    if network.get("ssl_mode") not in _ENCRYPTED:
        yield "takes connections in clear text: set ssl_mode to ENCRYPTED_ONLY"
    if network.get("authorized_networks"):
        yield "lets addresses of the internet in: remove authorized_networks"


def _is_restorable(resource: Resource) -> Iterator[str]:
    for switch in ("enabled", "point_in_time_recovery_enabled"):
        if dig(resource.body, "settings", "backup_configuration", switch) is not True:
            yield f"cannot be brought back: set backup_configuration.{switch}"


def _grows(resource: Resource) -> Iterator[str]:
    limit = dig(resource.body, "settings", "disk_autoresize_limit")
    if not resource.is_true("settings", "disk_autoresize"):
        yield "stops all writes when its disk is full: set disk_autoresize"
    if not isinstance(limit, int) or limit <= 0:
        yield "may grow without end: set disk_autoresize_limit"


def _logs(resource: Resource) -> Iterator[str]:
    blocks = as_objects(as_mapping(resource.body.get("settings")).get("database_flags"))
    flags = {str(flag.get("name")): flag.get("value") for flag in blocks}
    for name, value in LOGGED.items():
        if flags.get(name) != value:
            yield f"leaves too little trace, or too much: set the flag {name} to {value!r}"


def _is_backed_up(resource: Resource) -> Iterator[str]:
    if not resource.text("automated_backup_policy", "frequency"):
        yield "has no backups: set automated_backup_policy"


def _is_never_replicated(resource: Resource) -> Iterator[str]:
    if len(as_objects(resource.body.get("cluster"))) != 1:
        yield "is replicated, which breaks the atomicity of rows that edits rely on: keep one cluster"


def _recovers_documents(resource: Resource) -> Iterator[str]:
    if resource.text("point_in_time_recovery_enablement") != "POINT_IN_TIME_RECOVERY_ENABLED":
        yield "cannot be read as it was: set point_in_time_recovery_enablement"
    if resource.text("delete_protection_state") != "DELETE_PROTECTION_ENABLED":
        yield "can be deleted: set delete_protection_state"


def _guards_cache(resource: Resource) -> Iterator[str]:
    if not resource.is_true("auth_enabled"):
        yield "answers anyone on the network: set auth_enabled"
    if resource.text("transit_encryption_mode") != "SERVER_AUTHENTICATION":
        yield "takes connections in clear text: set transit_encryption_mode to SERVER_AUTHENTICATION"
    if not resource.body.get("authorized_network"):
        yield "stands in the default network: name the deployment's"


def _keeps_tasks(resource: Resource) -> Iterator[str]:
    is_queue = resource.text("name").endswith("broker") or "persistence_config" in resource.body
    if is_queue and resource.text("redis_configs", "maxmemory-policy") != "noeviction":
        yield "forgets queued tasks when memory is short: set maxmemory-policy to noeviction"


RULES = (
    Rule(id="KARST_SQL_1", reason="A database on the internet is attacked at once.", judge=on_each(_SQL, _is_private)),
    Rule(id="KARST_SQL_2", reason="Annotations cannot be computed again.", judge=on_each(_SQL, _is_restorable)),
    Rule(id="KARST_SQL_3", reason="Materialization copies whole databases.", judge=on_each(_SQL, _grows)),
    Rule(id="KARST_SQL_4", reason="Who did what must be found afterwards.", judge=on_each(_SQL, _logs)),
    Rule(
        id="KARST_BT_1",
        reason="Edits of a graph cannot be computed again.",
        judge=on_each(("google_bigtable_table",), _is_backed_up),
    ),
    Rule(
        id="KARST_BT_2",
        reason="Two clusters apply edits of one row in either order.",
        judge=on_each(("google_bigtable_instance",), _is_never_replicated),
    ),
    Rule(
        id="KARST_FS_1",
        reason="People's states and annotations cannot be computed again.",
        judge=on_each(("google_firestore_database",), _recovers_documents),
    ),
    Rule(
        id="KARST_REDIS_1",
        reason="Tasks and cached answers pass through it.",
        judge=on_each(("google_redis_instance",), _guards_cache),
    ),
    Rule(
        id="KARST_REDIS_2",
        reason="A lost task is a materialization that never ends.",
        judge=on_each(("google_redis_instance",), _keeps_tasks),
    ),
)
