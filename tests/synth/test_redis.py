from collections.abc import Callable
from dataclasses import replace

import pytest
from cdktn import TerraformStack

from karst.config.types import Manage
from karst.gcp.redis import Redis, RedisProps, RedisRole
from karst.protection import Protection
from tests.synth.support import PROJECT, REGION, Document, only, resources, synth

ACCOUNT = f"daf-worker@{PROJECT}.iam.gserviceaccount.com"
PROPS = RedisProps(
    project=PROJECT,
    region=REGION,
    name="daf-broker",
    role=RedisRole.BROKER,
    protection=Protection.PROTECTED,
    network_id="n",
    auth_secret="daf-broker-auth",
    ca_secret="daf-broker-ca",
)


def _redis(props: RedisProps = PROPS, use: Callable[[Redis], None] = lambda _: None) -> Document:
    def build(stack: TerraformStack) -> None:
        use(Redis(stack, "broker", props))

    return synth(build)


def _instance(props: RedisProps = PROPS) -> Document:
    return only(_redis(props), "google_redis_instance")


def test_it_is_private_and_asks_for_a_password_behind_tls():
    instance = _instance()
    assert (instance["authorized_network"], instance["connect_mode"]) == ("n", "PRIVATE_SERVICE_ACCESS")
    assert instance["auth_enabled"] is True
    assert instance["transit_encryption_mode"] == "SERVER_AUTHENTICATION"


def test_a_broker_never_drops_and_a_cache_may():
    broker, cache = _instance(), _instance(replace(PROPS, role=RedisRole.CACHE))
    assert broker["redis_configs"] == {"maxmemory-policy": "noeviction"}
    assert broker["persistence_config"] == {"persistence_mode": "RDB", "rdb_snapshot_period": "ONE_HOUR"}
    assert cache["redis_configs"] == {"maxmemory-policy": "allkeys-lru"}
    assert "persistence_config" not in cache


@pytest.mark.parametrize(("is_available", "tier"), [(True, "STANDARD_HA"), (False, "BASIC")])
def test_a_copy_in_a_second_zone_on_request(is_available: bool, tier: str):
    assert _instance(replace(PROPS, is_highly_available=is_available))["tier"] == tier


@pytest.mark.parametrize(("protection", "is_on"), [(Protection.PROTECTED, True), (Protection.RELEASED, False)])
def test_protection_flips_the_switches(protection: Protection, is_on: bool):
    document = _redis(replace(PROPS, protection=protection))
    assert only(document, "google_redis_instance")["deletion_protection"] is is_on
    secrets = resources(document, "google_secret_manager_secret").values()
    assert [secret["deletion_protection"] for secret in secrets] == [is_on, is_on]


def test_people_hear_of_a_broker_that_fills_and_not_of_a_cache():
    alert = only(_redis(replace(PROPS, alert_channels=["ops"])), "google_monitoring_alert_policy")
    condition = alert["conditions"][0]["condition_threshold"]
    assert f'instance_id = "projects/{PROJECT}/locations/{REGION}/instances/daf-broker"' in condition["filter"]
    assert "stats/memory/usage_ratio" in condition["filter"]
    assert (condition["threshold_value"], alert["notification_channels"]) == (0.8, ["ops"])
    cache = _redis(replace(PROPS, role=RedisRole.CACHE, alert_channels=["ops"]))
    assert resources(cache, "google_monitoring_alert_policy") == {}


def test_the_password_is_copied_without_a_trace_and_anew_for_a_new_instance():
    version = resources(_redis(), "google_secret_manager_secret_version")["broker__auth_version"]
    assert version["secret_data_wo"] == "${google_redis_instance.broker__instance.auth_string}"
    assert version["secret_data_wo_version"] == "${google_redis_instance.broker__instance.create_time}"
    assert "secret_data" not in version


def test_all_authorities_are_published():
    version = resources(_redis(), "google_secret_manager_secret_version")["broker__ca_version"]
    expected = '${join("\\n", google_redis_instance.broker__instance.server_ca_certs[*].cert)}'
    assert version["secret_data"] == expected


def test_a_rotation_passes_the_stacks_protection():
    for version in resources(_redis(), "google_secret_manager_secret_version").values():
        assert version["deletion_policy"] == "DISABLE"
        assert version["lifecycle"] == {"create_before_destroy": True}


def test_an_existing_instance_may_keep_its_password_elsewhere_and_have_no_authority():
    secret = "projects/lab-secrets/secrets/old-redis"
    props = replace(PROPS, manage=Manage.EXISTING, auth_secret=secret, ca_secret=None)
    grant = only(_redis(props, lambda redis: redis.grant_connect(ACCOUNT)), "google_secret_manager_secret_iam_member")
    assert (grant["project"], grant["secret_id"]) == ("lab-secrets", "old-redis")


@pytest.mark.parametrize("noun", ["auth", "ca"])
def test_an_instance_of_ours_names_its_secrets(noun: str):
    with pytest.raises(ValueError, match=f"{noun}_secret must name its secret"):
        _redis(replace(PROPS, auth_secret=None) if noun == "auth" else replace(PROPS, ca_secret=None))


@pytest.mark.parametrize("manage", Manage)
def test_connecting_takes_both_secrets(manage: Manage):
    document = _redis(replace(PROPS, manage=manage), lambda redis: redis.grant_connect(ACCOUNT))
    grants = resources(document, "google_secret_manager_secret_iam_member")
    assert set(grants) == {"broker__auth_daf_worker", "broker__ca_daf_worker"}
    assert {grant["role"] for grant in grants.values()} == {"roles/secretmanager.secretAccessor"}
    if manage is Manage.EXISTING:
        assert set(document["resource"]) == {"google_secret_manager_secret_iam_member"}
        assert grants["broker__auth_daf_worker"]["secret_id"] == "daf-broker-auth"
