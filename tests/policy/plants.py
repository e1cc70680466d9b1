"""Violations to plant into good stacks: for each rule, edits that it must object to."""

from __future__ import annotations

from tests.policy.plant import Body, add, change, put
from tests.policy.plants_of_clusters import PLANTS as CLUSTERS
from tests.policy.plants_of_workloads import PLANTS as WORKLOADS

SQL = "google_sql_database_instance"
BUCKET = "google_storage_bucket"
RUN = "google_cloud_run_v2_service"
REDIS = "google_redis_instance"
SUBSCRIPTION = "google_pubsub_subscription"
FIRESTORE = "google_firestore_database"
BACKEND = "google_compute_backend_service"


def _provider(document: Body) -> Body:
    return document["provider"]["google"][0]


def _setting(document: Body, name: str, value: str) -> None:
    service = next(iter(document["resource"][RUN].values()))
    service["template"]["containers"][0]["env"].append({"name": name, "value": value})


def _container(document: Body) -> Body:
    found: Body = next(iter(document["resource"][RUN].values()))["template"]["containers"][0]
    return found


def _pin(document: Body) -> None:
    reference = {"secret_key_ref": {"secret": "some-token", "version": "1"}}
    service = next(iter(document["resource"][RUN].values()))
    service["template"]["containers"][0]["env"].append({"name": "A", "value_source": reference})


def _flag(document: Body, name: str, value: str) -> None:
    for flag in next(iter(document["resource"][SQL].values()))["settings"]["database_flags"]:
        if flag["name"] == name:
            flag["value"] = value


def _redirect(document: Body) -> Body:
    maps = document["resource"]["google_compute_url_map"].values()
    return next(each for each in maps if "default_url_redirect" in each)


def _last_route(document: Body) -> Body:
    maps = document["resource"]["google_compute_url_map"].values()
    routes = next(each for each in maps if "path_matcher" in each)["path_matcher"][0]["route_rules"]
    return routes[-1]["route_action"]


def _rules(document: Body) -> list[Body]:
    return next(iter(document["resource"]["google_compute_security_policy"].values()))["rule"]


PLANTS = (
    change("KARST_STACK_1", "demo", "data", lambda d: d.update(data={"google_project": {"p": {}}})),
    change("KARST_STACK_1", "demo", "remote", lambda d: d.update(data={"terraform_remote_state": {"s": {}}})),
    put("KARST_STACK_2", "demo-foundation", BUCKET, "provisioner", [{"local-exec": {"command": "true"}}]),
    add("KARST_STACK_2", "null_resource"),
    add("KARST_STACK_2", "terraform_data", input="anything"),
    change("KARST_STACK_3", "demo", "no labels", lambda d: _provider(d).pop("default_labels")),
    put("KARST_IMAGE_1", "demo-run", RUN, "template.containers.image", "example.org/landing:latest"),
    put("KARST_IMAGE_1", "demo-run", RUN, "template.containers.image", "example.org:5000/landing"),
    put("KARST_KEEP_1", "demo-foundation", SQL, "deletion_protection", False),
    put("KARST_KEEP_1", "demo-foundation", SQL, "settings.deletion_protection_enabled", False),
    put("KARST_KEEP_1", "demo-foundation", SQL, "settings.retain_backups_on_delete", False),
    put("KARST_KEEP_1", "demo-foundation", BUCKET, "force_destroy", True),
    put("KARST_KEEP_1", "demo-foundation", REDIS, "deletion_protection", False),
    put("KARST_KEEP_1", "demo-foundation", "google_bigtable_instance", "deletion_protection", False),
    put("KARST_KEEP_1", "demo-foundation", "google_secret_manager_secret", "deletion_protection", False),
    put("KARST_KEEP_1", "demo-foundation", FIRESTORE, "delete_protection_state", "DELETE_PROTECTION_DISABLED"),
    put("KARST_KEEP_1", "demo-data-tiny", "google_bigtable_table", "deletion_protection", "UNPROTECTED"),
    put("KARST_KEEP_1", "demo-data-tiny", "google_bigquery_table", "deletion_protection", False),
    put("KARST_KEEP_1", "demo-data-tiny", "google_bigquery_dataset", "delete_contents_on_destroy", True),
    change("KARST_KEEP_2", "demo-foundation", "delete", lambda d: _provider(d).update(deletion_policy="DELETE")),
    change("KARST_KEEP_2", "demo-data-tiny", "unset", lambda d: _provider(d).pop("deletion_policy")),
    add("KARST_IAM_2", "google_service_account_key", service_account_id="x"),
    add("KARST_IAM_3", "google_project_iam_member", role="roles/editor", member="serviceAccount:a@b.example.org"),
    add("KARST_IAM_4", "google_project_iam_member", role="roles/storage.objectAdmin", member="user:a@example.org"),
    add("KARST_IAM_4", "google_project_iam_member", role="roles/cloudsql.admin", member="user:a@example.org"),
    add(
        "KARST_IAM_4",
        "google_folder_iam_member",
        role="roles/iam.serviceAccountTokenCreator",
        member="user:a@example.org",
    ),
    add("KARST_IAM_5", "google_project_iam_binding", role="roles/logging.logWriter", members=["user:a@example.org"]),
    add("KARST_IAM_6", "google_storage_bucket_iam_member", role="roles/storage.objectViewer", member="allUsers"),
    add("KARST_IAM_6", "google_pubsub_topic_iam_member", role="roles/pubsub.publisher", member="allUsers"),
    put("KARST_IAM_6", "demo-run", f"{RUN}_iam_member", "role", "roles/run.admin"),
    put("KARST_IAM_6", "demo-run", f"{RUN}_iam_member", "member", "allAuthenticatedUsers"),
    change("KARST_SEC_1", "demo-run", "by name", lambda d: _setting(d, "DB_PASSWORD", "correct horse")),
    change("KARST_SEC_1", "demo-run", "by value", lambda d: _setting(d, "DB", "postgresql://u:planted@10.0.0.2/x")),
    change("KARST_SEC_1", "demo", "output", lambda d: d.update(output={"k": {"value": "-----BEGIN PRIVATE KEY-----"}})),
    add("KARST_SEC_1", "google_sql_user", name="u", password="correct horse"),
    put("KARST_SEC_1", "demo-run", "google_storage_bucket_object", "content", '{"private_key": "planted"}'),
    add("KARST_SEC_2", "random_password", length=32),
    put("KARST_SEC_2", "demo-foundation", "google_secret_manager_secret_version", "secret_data", "${random.x}"),
    put("KARST_SEC_3", "demo-foundation", "google_secret_manager_secret_version", "lifecycle", {}),
    change("KARST_SEC_4", "global-run", "version", _pin),
    put("KARST_SQL_1", "demo-foundation", SQL, "settings.ip_configuration.ipv4_enabled", True),
    put("KARST_SQL_1", "demo-foundation", SQL, "settings.ip_configuration.ssl_mode", "ALLOW_UNENCRYPTED_AND_ENCRYPTED"),
    put(
        "KARST_SQL_1", "demo-foundation", SQL, "settings.ip_configuration.authorized_networks", [{"value": "0.0.0.0/0"}]
    ),
    put("KARST_SQL_2", "demo-foundation", SQL, "settings.backup_configuration.enabled", False),
    put("KARST_SQL_2", "demo-foundation", SQL, "settings.backup_configuration.point_in_time_recovery_enabled", False),
    put("KARST_SQL_3", "demo-foundation", SQL, "settings.disk_autoresize", False),
    put("KARST_SQL_3", "demo-foundation", SQL, "settings.disk_autoresize_limit", 0),
    change("KARST_SQL_4", "demo-foundation", "no lock waits", lambda d: _flag(d, "log_lock_waits", "off")),
    change("KARST_SQL_4", "demo-foundation", "people's data", lambda d: _flag(d, "log_parameter_max_length", "-1")),
    put("KARST_BT_1", "demo-data-tiny", "google_bigtable_table", "automated_backup_policy", {}),
    put("KARST_BT_2", "demo-foundation", "google_bigtable_instance", "cluster", [{"zone": "a"}, {"zone": "b"}]),
    put("KARST_FS_1", "demo-foundation", FIRESTORE, "point_in_time_recovery_enablement", ""),
    put("KARST_FS_1", "demo-foundation", FIRESTORE, "delete_protection_state", "DELETE_PROTECTION_DISABLED"),
    put("KARST_REDIS_1", "demo-foundation", REDIS, "auth_enabled", False),
    put("KARST_REDIS_1", "demo-foundation", REDIS, "transit_encryption_mode", "DISABLED"),
    put("KARST_REDIS_1", "demo-foundation", REDIS, "authorized_network", None),
    put("KARST_REDIS_2", "demo-foundation", REDIS, "redis_configs", {"maxmemory-policy": "allkeys-lru"}),
    put("KARST_GCS_1", "demo-foundation", BUCKET, "uniform_bucket_level_access", False),
    put("KARST_GCS_1", "demo-foundation", BUCKET, "public_access_prevention", "inherited"),
    put("KARST_GCS_2", "demo-foundation", BUCKET, "versioning.enabled", False),
    put("KARST_GCS_2", "demo-foundation", BUCKET, "soft_delete_policy", {}),
    put("KARST_GCS_2", "demo-foundation", BUCKET, "lifecycle_rule", []),
    put("KARST_GCS_3", "demo-foundation", BUCKET, "lifecycle_rule", []),
    put("KARST_GCS_4", "demo-foundation", BUCKET, "cors", [{"origin": ["*"], "method": ["PUT"]}]),
    put("KARST_MSG_1", "local-foundation", SUBSCRIPTION, "expiration_policy", {"ttl": "2678400s"}),
    put("KARST_MSG_2", "local-foundation", SUBSCRIPTION, "dead_letter_policy", {}),
    change("KARST_MSG_3", "local-foundation", "publish", lambda d: d["resource"].pop("google_pubsub_topic_iam_member")),
    change("KARST_MSG_3", "local-foundation", "ack", lambda d: d["resource"].pop(f"{SUBSCRIPTION}_iam_member")),
    put("KARST_MSG_4", "local-foundation", "google_monitoring_alert_policy", "conditions", []),
    put("KARST_MSG_4", "local-foundation", SUBSCRIPTION, "dead_letter_policy", {"dead_letter_topic": "p/t/nowhere"}),
    put("KARST_WATCH_1", "demo", "google_monitoring_alert_policy", "notification_channels", []),
    put("KARST_RUN_1", "demo-run", RUN, "ingress", "INGRESS_TRAFFIC_ALL"),
    put("KARST_RUN_1", "demo-run", RUN, "default_uri_disabled", False),
    put("KARST_RUN_2", "demo-run", RUN, "template.service_account", "1-compute@developer.gserviceaccount.com"),
    change("KARST_RUN_2", "demo-run", "shared", lambda d: d["resource"][RUN].update(b=_copy(d["resource"][RUN]))),
    change(
        "KARST_RUN_3",
        "demo-run",
        "one path",
        lambda d: _container(d).update(liveness_probe=_container(d)["startup_probe"]),
    ),
    put("KARST_RUN_3", "demo-run", RUN, "template.containers.resources", {}),
    put("KARST_TLS_1", "demo", "google_compute_ssl_policy", "min_tls_version", "TLS_1_0"),
    put("KARST_EDGE_1", "demo", BACKEND, "security_policy", ""),
    put("KARST_EDGE_1", "global", BACKEND, "log_config", {"enable": False}),
    change("KARST_EDGE_2", "demo", "served", lambda d: _redirect(d).update(default_service="x")),
    change("KARST_EDGE_2", "demo", "no redirect", lambda d: _redirect(d).pop("default_url_redirect")),
    put("KARST_EDGE_2", "demo", "google_compute_target_http_proxy", "url_map", "${google_compute_url_map.none.id}"),
    put("KARST_EDGE_3", "global", BACKEND, "timeout_sec", 30),
    put("KARST_EDGE_3", "global", BACKEND, "timeout_sec", None),
    put("KARST_EDGE_3", "global", BACKEND, "connection_draining_timeout_sec", None),
    change("KARST_EDGE_3", "global", "short route", lambda d: _last_route(d).update(timeout={"seconds": "10"})),
    change("KARST_EDGE_3", "global", "endless route", lambda d: _last_route(d).pop("timeout")),
    put("KARST_EDGE_4", "global", BACKEND, "locality_lb_policy", "ROUND_ROBIN"),
    put("KARST_EDGE_4", "global", BACKEND, "health_checks", []),
    change("KARST_EDGE_5", "demo", "no limit", lambda d: _rules(d).pop(-2)),
    *WORKLOADS,
    *CLUSTERS,
)


def _copy(resources: Body) -> Body:
    return dict(next(iter(resources.values())))
