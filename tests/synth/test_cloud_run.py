"""What Cloud Run services and jobs promise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from karst.gcp.cloud_run import PublicIngress, RunHealth, RunService, RunServiceProps, VpcEgress
from karst.gcp.cloud_run_job import RunJob, RunJobProps
from karst.gcp.environment import SecretFile, SecretRef, check_literals
from tests.synth.support import Document, only, resources, synth

IMAGE = "us-east4-docker.pkg.dev/lab-project/lab-services/clio:0123456789ab"
EMAIL = "lab-clio@lab-project.iam.gserviceaccount.com"
SERVICE = RunServiceProps(
    name="lab-clio",
    project="lab-project",
    location="us-east4",
    image=IMAGE,
    identity=EMAIL,
    env={"DSG_URL": "https://auth.example.org"},
    secret_env={"TOKEN": SecretRef(secret="lab-token")},
    secret_files={
        "oauth": SecretFile(directory="/secrets/oauth", file_name="client.json", ref=SecretRef(secret="lab-oauth"))
    },
    min_instances=1,
    max_instances=20,
    concurrency=40,
    timeout_s=600,
    egress=VpcEgress(network="projects/p/global/networks/n", subnetwork="projects/p/regions/us-east4/subnetworks/s"),
)
JOB = RunJobProps(
    name="lab-migrate",
    project="lab-project",
    location="us-east4",
    image=IMAGE,
    identity=EMAIL,
    env={"MODE": "up"},
    secret_env={"TOKEN": SecretRef(secret="lab-token", version="2")},
    timeout_s=900,
)


def synth_service(props: RunServiceProps = SERVICE) -> Document:
    return synth(lambda stack: RunService(stack, "clio", props).grant_invoke(EMAIL))


def service() -> Document:
    return only(synth_service(), "google_cloud_run_v2_service")


def container() -> Document:
    found: Document = service()["template"]["containers"][0]
    return found


def test_reached_through_the_load_balancer_only() -> None:
    assert service()["ingress"] == "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER"
    assert service()["default_uri_disabled"] is True


def test_runs_as_its_own_account_in_the_second_generation() -> None:
    template = service()["template"]
    assert template["service_account"] == EMAIL
    assert template["execution_environment"] == "EXECUTION_ENVIRONMENT_GEN2"


def test_capacity_is_as_declared() -> None:
    template = service()["template"]
    assert template["scaling"] == {"min_instance_count": 1, "max_instance_count": 20}
    assert template["max_instance_request_concurrency"] == 40
    assert template["timeout"] == "600s"
    assert container()["resources"]["limits"] == {"cpu": "1", "memory": "512Mi"}


def test_http2_all_the_way() -> None:
    assert container()["ports"] == {"name": "h2c", "container_port": 8080}


def test_requests_come_when_ready_and_dead_instances_are_replaced() -> None:
    startup, liveness = container()["startup_probe"], container()["liveness_probe"]
    assert startup["http_get"] == {"path": "/health/ready", "port": 8080}
    assert startup["period_seconds"] * startup["failure_threshold"] == 60
    assert startup["timeout_seconds"] < startup["period_seconds"]
    assert liveness["http_get"] == {"path": "/health/live", "port": 8080}


def test_secrets_are_references() -> None:
    assert container()["env"] == [
        {"name": "DSG_URL", "value": "https://auth.example.org"},
        {"name": "TOKEN", "value_source": {"secret_key_ref": {"secret": "lab-token", "version": "latest"}}},
    ]
    assert container()["volume_mounts"] == [{"name": "oauth", "mount_path": "/secrets/oauth"}]
    assert service()["template"]["volumes"] == [
        {"name": "oauth", "secret": {"secret": "lab-oauth", "items": [{"path": "client.json", "version": "latest"}]}}
    ]


def test_only_private_addresses_go_through_the_network() -> None:
    assert service()["template"]["vpc_access"] == {
        "egress": "PRIVATE_RANGES_ONLY",
        "network_interfaces": [
            {"network": "projects/p/global/networks/n", "subnetwork": "projects/p/regions/us-east4/subnetworks/s"}
        ],
    }


def test_nobody_invokes_without_a_grant() -> None:
    member = only(synth_service(), "google_cloud_run_v2_service_iam_member")
    assert (member["name"], member["role"], member["member"]) == (
        "lab-clio",
        "roles/run.invoker",
        f"serviceAccount:{EMAIL}",
    )


def test_everybody_invokes_only_for_a_reason() -> None:
    props = replace(SERVICE, public_ingress=PublicIngress(reason="browsers call clio, which checks its own tokens"))
    members = resources(synth_service(props), "google_cloud_run_v2_service_iam_member")
    assert members["clio__public"]["member"] == "allUsers"
    with pytest.raises(ValueError, match="public ingress of 'lab-clio' needs a reason: write who needs it"):
        synth_service(replace(SERVICE, public_ingress=PublicIngress(reason="public")))


@pytest.mark.parametrize("image", ["r.example.org/a/clio", "r.example.org:5000/clio", "r.example.org/clio:latest"])
def test_images_that_may_change_are_refused(image: str) -> None:
    with pytest.raises(ValueError, match="may change under its name: give the tag that `karst build` printed"):
        synth_service(replace(SERVICE, image=image))
    with pytest.raises(ValueError, match="may change under its name"):
        synth(lambda stack: RunJob(stack, "migrate", replace(JOB, image=image)))


def test_a_digest_is_as_good_as_a_tag() -> None:
    image = "r.example.org/clio@sha256:" + "0" * 64
    assert only(synth_service(replace(SERVICE, image=image)), "google_cloud_run_v2_service")


@pytest.mark.parametrize(
    ("env", "kind"),
    [
        ({"DB_PASSWORD": "x"}, "is named like a secret"),
        ({"session_secret": "x"}, "is named like a secret"),
        ({"GUIDEBOOK_CSRF_KEY": "x"}, "is named like a secret"),
        ({"DB": "postgresql://karst:hunter2@10.0.0.1/info"}, "holds an address with a password"),
        ({"DSN": "host=10.0.0.1 password=hunter2"}, "holds a connection string with a password"),
        ({"PEM": "-----BEGIN PRIVATE KEY-----\nhunter2"}, "holds a private key"),
        ({"JSON": '{"private_key": "hunter2"}'}, "holds a service-account key"),
        ({"JWT": "eyJhbGciOiJIUzI1NiJ9.hunter2.x"}, "holds a signed token"),
        ({"HOOK": "xoxb-1234-hunter2"}, "holds a token of a code host or a chat"),
        ({"MAPS": "AIza" + "hunter2" * 6}, "holds a Google API key or access token"),
    ],
)
def test_settings_that_look_like_secrets_are_refused_without_repeating_them(env: Mapping[str, str], kind: str) -> None:
    with pytest.raises(ValueError, match=kind) as refusal:
        synth_service(replace(SERVICE, env=env))
    assert "put the value into Secret Manager and refer to it in secret_env" in str(refusal.value)
    assert "hunter2" not in str(refusal.value)
    with pytest.raises(ValueError, match=kind):
        synth(lambda stack: RunJob(stack, "migrate", replace(JOB, env=env)))


@pytest.mark.parametrize(
    "env",
    [
        {"TOKEN_TTL_S": "300"},
        {"TOKEN_FILE": "/secrets/token"},
        {"PARTITION_KEY": "part"},
        {"BROKER": "rediss://redis.internal:6378/0"},
        {"API_TOKEN": ""},
    ],
)
def test_plain_settings_pass(env: Mapping[str, str]) -> None:
    check_literals("clio", env)


@pytest.mark.parametrize(
    ("props", "message"),
    [
        (replace(SERVICE, env={"PORT": "80"}), "lab-clio: PORT is set by Cloud Run: leave it out"),
        (replace(SERVICE, env={"A-B": "1"}), "lab-clio: 'A-B' cannot be the name of a setting"),
        (
            replace(SERVICE, env={"REF": "1"}, secret_env={"REF": SecretRef(secret="s")}),
            "lab-clio: REF given both as a setting and as a secret: keep one",
        ),
        (replace(SERVICE, name="Lab_clio"), "Cloud Run name 'Lab_clio' must have 1-49 lower-case letters"),
        (replace(SERVICE, concurrency=1001), "lab-clio: concurrency must be from 1 to 1000, not 1001"),
        (replace(SERVICE, timeout_s=3601), "lab-clio: timeout_s must be from 1 to 3600, not 3601"),
        (replace(SERVICE, min_instances=21), "lab-clio: min_instances must be from 0 to 20, not 21"),
        (replace(SERVICE, health=RunHealth(startup_s=241)), "lab-clio: startup_s must be from 5 to 240, not 241"),
    ],
)
def test_bad_services(props: RunServiceProps, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        synth_service(props)


def test_job_runs_as_its_own_account_and_starts_by_grant_only() -> None:
    document = synth(lambda stack: RunJob(stack, "migrate", JOB).grant_run(EMAIL))
    job = only(document, "google_cloud_run_v2_job")["template"]
    assert job["task_count"] == 1
    assert job["template"]["service_account"] == EMAIL
    assert job["template"]["timeout"] == "900s"
    assert job["template"]["max_retries"] == 0
    assert job["template"]["containers"][0]["env"] == [
        {"name": "MODE", "value": "up"},
        {"name": "TOKEN", "value_source": {"secret_key_ref": {"secret": "lab-token", "version": "2"}}},
    ]
    member = only(document, "google_cloud_run_v2_job_iam_member")
    assert (member["name"], member["role"]) == ("lab-migrate", "roles/run.invoker")


@pytest.mark.parametrize(
    ("props", "message"),
    [
        (replace(JOB, timeout_s=604_801), "lab-migrate: timeout_s must be from 1 to 604800, not 604801"),
        (replace(JOB, max_retries=11), "lab-migrate: max_retries must be from 0 to 10, not 11"),
        (replace(JOB, tasks=0), "lab-migrate: tasks must be from 1 to 10000, not 0"),
    ],
)
def test_bad_jobs(props: RunJobProps, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        synth(lambda stack: RunJob(stack, "migrate", props))
