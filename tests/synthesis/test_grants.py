"""Grants of whole deployments: each program can do what it is set up to do."""

from __future__ import annotations

from tests.derived.workers import deployment
from tests.examples import ExampleStack
from tests.synthesis.running import foundation, workload
from tests.synthesis.support import bodies


def held_on_buckets(stack: ExampleStack) -> set[tuple[str, str, str]]:
    """Member, role and bucket of every grant of a stack on a bucket."""
    return {(one["member"], one["role"], one["bucket"]) for one in bodies([stack], "google_storage_bucket_iam_member")}


def test_a_service_may_read_the_buckets_that_it_mounts(examples: dict[str, ExampleStack]) -> None:
    checked = 0
    for name in ("clio", "demo", "global", "local"):
        held = held_on_buckets(examples[f"{name}-foundation"])
        for service in bodies([examples[f"{name}-run"]], "google_cloud_run_v2_service"):
            template = service["template"]
            for volume in template.get("volumes", []):
                if "gcs" in volume:
                    member = f"serviceAccount:{template['service_account']}"
                    assert (member, "roles/storage.objectViewer", volume["gcs"]["bucket"]) in held
                    checked += 1
    assert checked >= 4


def test_access_logs_arrive_wherever_they_are_asked_for(examples: dict[str, ExampleStack]) -> None:
    receiving = {
        bucket
        for stack in examples.values()
        for member, role, bucket in held_on_buckets(stack)
        if (member, role) == ("group:cloud-storage-analytics@google.com", "roles/storage.objectCreator")
    }
    asked = {
        bucket["logging"]["log_bucket"]
        for bucket in bodies(examples.values(), "google_storage_bucket")
        if "logging" in bucket
    }
    assert asked
    assert asked == receiving


def test_the_database_server_exports_to_one_bucket_and_imports_from_another(examples: dict[str, ExampleStack]) -> None:
    server = "serviceAccount:${google_sql_database_instance.sql__server__instance.service_account_email_address}"
    held = {one[1:] for one in held_on_buckets(examples["local-foundation"]) if one[0] == server}
    assert held == {
        ("roles/storage.objectUser", "cortex-lab-cave-local-dump"),
        ("roles/storage.objectViewer", "cortex-lab-cave-local-upload"),
    }


def test_only_who_handles_uploads_asks_the_server_to_import(examples: dict[str, ExampleStack]) -> None:
    role = "${google_project_iam_custom_role.sql__server__transfer_role.name}"
    grants = bodies([examples["local-foundation"]], "google_project_iam_member")
    members = {one["member"].removeprefix("serviceAccount:").partition("@")[0] for one in grants if one["role"] == role}
    assert members == {"local-materialize", "local-celery-orchestration", "local-celery-producer"}


def test_an_existing_redis_is_reached_through_the_secret_that_it_has() -> None:
    broker = {"manage": "existing", "name": "old-broker", "address": "10.144.0.3", "auth": "secret:old-broker-auth"}
    redis = {"broker": broker, "cache": {"manage": "existing"}}
    cache = [{"name": "broker", "access": "write"}]
    users = [workload("materialize", stores={"cache": cache}), workload("celery-exporter", stores={"cache": cache})]
    stack = foundation(deployment(redis=redis), users)
    grants = bodies([stack], "google_secret_manager_secret_iam_member")
    asked = {one["secret_id"] for one in grants if "broker" in one["secret_id"] or "redis" in one["secret_id"]}
    assert asked == {"old-broker-auth"}
    assert "google_redis_instance" not in stack.content["resource"]


def test_only_who_has_no_password_logs_in_by_identity(examples: dict[str, ExampleStack]) -> None:
    """Upstream's images know passwords; here only what makes the roles proves who it is."""
    foundation = [examples["local-foundation"]]
    members = {
        one["member"].removeprefix("serviceAccount:").partition("@")[0]
        for one in bodies(foundation, "google_project_iam_member")
        if one["role"].startswith("roles/cloudsql.")
    }
    users = {one["name"].partition("@")[0] for one in bodies(foundation, "google_sql_user")}
    assert members == users == {"local-sql-roles"}


def test_who_makes_roles_in_databases_reads_their_passwords_and_nothing_else(examples: dict[str, ExampleStack]) -> None:
    grants = bodies([examples["local-foundation"]], "google_secret_manager_secret_iam_member")
    read = {one["secret_id"] for one in grants if one["member"].startswith("serviceAccount:local-sql-roles@")}
    assert read
    assert all(name.startswith("local-") and name.endswith("-database-password") for name in read)


def test_tokens_of_declared_accounts_can_be_stored_by_whoever_makes_them_and_read_by_nobody() -> None:
    once = {"reconcile": {"runs_last": True, "resources": {"cpu": "50m", "memory": "64Mi"}}}
    job = workload("reconcile", processes=once, health=None, routes=None)
    declared = deployment(auth={"service_accounts": {"uploads": {"groups": ["uploaders"]}}})
    stack = foundation(declared, [job])
    secret = declared.name + "-account-uploads"
    assert secret in {one["secret_id"] for one in bodies([stack], "google_secret_manager_secret")}
    held = {
        (one["member"].partition("@")[0], one["role"])
        for one in bodies([stack], "google_secret_manager_secret_iam_member")
        if one["secret_id"] == secret
    }
    who = f"serviceAccount:{declared.name}-reconcile"
    assert held == {(who, "roles/secretmanager.secretVersionAdder"), (who, "roles/secretmanager.viewer")}
    without = foundation(declared, [workload("other")])
    assert secret not in {one["secret_id"] for one in bodies([without], "google_secret_manager_secret")}
