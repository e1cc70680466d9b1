from collections.abc import Callable
from dataclasses import replace

import pytest
from cdktn import TerraformStack
from cdktn_provider_google.compute_network import ComputeNetwork

from karst.config.types import Manage
from karst.gcp.postgres import Postgres, PostgresProps
from karst.gcp.postgres_settings import SqlBackups, SqlDisk, SqlEdition, SqlFlags, SqlMachine, SqlServerCa
from karst.protection import Protection
from tests.synth.support import PROJECT, REGION, Document, only, resources, synth

ACCOUNT = f"daf-auth@{PROJECT}.iam.gserviceaccount.com"
PROPS = PostgresProps(
    project=PROJECT, region=REGION, name="daf-sql", protection=Protection.PROTECTED, network_id="n", databases=("info",)
)


def _postgres(props: PostgresProps = PROPS, use: Callable[[Postgres], object] = lambda _: None) -> Document:
    def build(stack: TerraformStack) -> None:
        use(Postgres(stack, "database", props))

    return synth(build, props.protection)


def _instance(props: PostgresProps = PROPS) -> Document:
    return only(_postgres(props), "google_sql_database_instance")


def _flags(props: PostgresProps = PROPS) -> dict[str, str]:
    return {flag["name"]: flag["value"] for flag in _instance(props)["settings"]["database_flags"]}


def test_the_server_is_private_and_encrypted():
    ip = _instance()["settings"]["ip_configuration"]
    assert ip["ipv4_enabled"] is False
    assert ip["private_network"] == "n"
    assert ip["ssl_mode"] == "ENCRYPTED_ONLY"
    assert "authorized_networks" not in ip


def test_it_waits_for_the_link_to_the_network():
    def build(stack: TerraformStack) -> None:
        link = ComputeNetwork(stack, "link", name="link")
        Postgres(stack, "database", replace(PROPS, private_service_access=[link], private_services_range="range"))

    instance = only(synth(build), "google_sql_database_instance")
    assert instance["depends_on"] == ["google_compute_network.link"]
    assert instance["settings"]["ip_configuration"]["allocated_ip_range"] == "range"


def test_backups_reach_back_to_any_moment():
    backups = _instance(replace(PROPS, backups=SqlBackups(start_hour=3, retained=30, log_days=5)))["settings"][
        "backup_configuration"
    ]
    assert backups == {
        "enabled": True,
        "point_in_time_recovery_enabled": True,
        "start_time": "03:00",
        "transaction_log_retention_days": 5,
        "backup_retention_settings": {"retained_backups": 30, "retention_unit": "COUNT"},
    }


def test_the_disk_grows_up_to_its_cap():
    settings = _instance(replace(PROPS, disk=SqlDisk(initial_gib=50, limit_gib=400)))["settings"]
    assert (settings["disk_size"], settings["disk_autoresize"], settings["disk_autoresize_limit"]) == (50, True, 400)


@pytest.mark.parametrize(
    ("protection", "is_on"),
    [(Protection.PROTECTED, True), (Protection.ABANDONED, True), (Protection.RELEASED, False)],
)
def test_protection_flips_both_switches_and_keeps_a_last_backup(protection: Protection, is_on: bool):
    instance = _instance(replace(PROPS, protection=protection))
    assert instance["deletion_protection"] is is_on
    assert instance["settings"]["deletion_protection_enabled"] is is_on
    assert instance["settings"]["retain_backups_on_delete"] is True


def test_statements_are_audited_and_logged_without_their_values():
    flags = _flags()
    for name in ("log_checkpoints", "log_connections", "log_disconnections", "log_duration", "log_hostname"):
        assert flags[name] == "on", name
    for name in ("log_executor_stats", "log_parser_stats", "log_planner_stats", "log_statement_stats"):
        assert flags[name] == "off", name
    assert flags["log_lock_waits"] == "on"
    assert (flags["log_temp_files"], flags["log_statement"]) == ("0", "ddl")
    assert (flags["log_min_messages"], flags["log_min_error_statement"]) == ("warning", "error")
    assert flags["log_parameter_max_length"] == "0"
    assert (flags["cloudsql.enable_pgaudit"], flags["pgaudit.log"]) == ("on", "ddl,role")
    assert flags["cloudsql.iam_authentication"] == "on"


@pytest.mark.parametrize(("limit_gib", "alert_gib"), [(100, 80), (0, 0.8 * 65_536)])
def test_people_hear_of_the_disk_before_it_can_grow_no_further(limit_gib: int, alert_gib: float):
    disk = SqlDisk(limit_gib=limit_gib)
    alert = only(_postgres(replace(PROPS, disk=disk, alert_channels=["ops"])), "google_monitoring_alert_policy")
    condition = alert["conditions"][0]["condition_threshold"]
    assert f'database_id = "{PROJECT}:daf-sql"' in condition["filter"]
    assert "disk/bytes_used" in condition["filter"]
    assert condition["threshold_value"] == int(alert_gib * 2**30)
    assert alert["notification_channels"] == ["ops"]


def test_without_anybody_to_tell_there_is_no_alert():
    assert resources(_postgres(), "google_monitoring_alert_policy") == {}


def test_flags_are_added_and_the_safe_ones_may_be_tuned():
    flags = _flags(replace(PROPS, flags=SqlFlags(values={"work_mem": "65536", "log_hostname": "off"})))
    assert (flags["work_mem"], flags["log_hostname"], flags["log_duration"]) == ("65536", "off", "on")


def test_login_by_identity_cannot_be_switched_off():
    with pytest.raises(ValueError, match=r"flag 'cloudsql.iam_authentication' is always 'on'"):
        SqlFlags(values={"cloudsql.iam_authentication": "off"}).merged()


def test_machines_have_googles_names():
    assert SqlMachine(cpu=4, memory_gib=26).tier == "db-custom-4-26624"
    assert SqlMachine(cpu=8, edition=SqlEdition.ENTERPRISE_PLUS).tier == "db-perf-optimized-N-8"
    with pytest.raises(ValueError, match=r"2, 4, 8, .* processors, not 6"):
        _ = SqlMachine(cpu=6, edition=SqlEdition.ENTERPRISE_PLUS).tier


@pytest.mark.parametrize(("regional", "availability"), [(True, "REGIONAL"), (False, "ZONAL")])
def test_a_second_zone_on_request(regional: bool, availability: str):
    assert _instance(replace(PROPS, regional=regional))["settings"]["availability_type"] == availability


def test_a_private_name_is_signed_by_the_labs_own_authority():
    plain = _instance()["settings"]["ip_configuration"]
    assert plain["server_ca_mode"] == "GOOGLE_MANAGED_CAS_CA"
    assert "custom_subject_alternative_names" not in plain
    ca = SqlServerCa(pool="projects/p/locations/us-east4/caPools/lab", hostnames=("sql.lab.internal",))
    own = _instance(replace(PROPS, server_ca=ca))["settings"]["ip_configuration"]
    assert own["server_ca_mode"] == "CUSTOMER_MANAGED_CAS_CA"
    assert own["server_ca_pool"] == ca.pool
    assert own["custom_subject_alternative_names"] == ["sql.lab.internal"]


def test_insights_and_maintenance():
    settings = _instance()["settings"]
    assert settings["insights_config"]["query_insights_enabled"] is True
    assert settings["maintenance_window"] == {"day": 7, "hour": 8, "update_track": "stable"}


def test_a_login_is_a_user_without_password_on_this_instance_only():
    names: list[str] = []
    document = _postgres(use=lambda database: names.append(database.grant_login(ACCOUNT)))
    user = only(document, "google_sql_user")
    assert names == [f"daf-auth@{PROJECT}.iam"]
    assert (user["name"], user["type"]) == (names[0], "CLOUD_IAM_SERVICE_ACCOUNT")
    assert not [key for key in user if "password" in key]
    grants = resources(document, "google_project_iam_member").values()
    assert {grant["role"] for grant in grants} == {"roles/cloudsql.client", "roles/cloudsql.instanceUser"}
    for grant in grants:
        assert f'resource.name == "projects/{PROJECT}/instances/daf-sql"' in grant["condition"]["expression"]


def test_transfer_is_a_role_of_its_own_shared_by_its_holders():
    def use(database: Postgres) -> None:
        database.grant_transfer(ACCOUNT)
        database.grant_transfer(ACCOUNT.replace("auth", "other"))

    document = _postgres(use=use)
    role = only(document, "google_project_iam_custom_role")
    assert role["permissions"] == [f"cloudsql.instances.{verb}" for verb in ("export", "get", "import")]
    assert len(resources(document, "google_project_iam_member")) == 2


def test_grants_go_to_service_accounts_only():
    with pytest.raises(ValueError, match="'allUsers' is not the address of a service account"):
        _postgres(use=lambda database: database.grant_login("allUsers"))


def test_an_existing_server_gets_databases_and_logins_only():
    def use(database: Postgres) -> None:
        assert (database.instance_name, database.private_address, database.service_agent) == ("daf-sql", None, None)
        database.grant_login(ACCOUNT)

    document = _postgres(replace(PROPS, manage=Manage.EXISTING), use)
    assert set(document["resource"]) == {"google_sql_database", "google_sql_user", "google_project_iam_member"}
    assert resources(document, "google_sql_database")["database__database_info"]["instance"] == "daf-sql"
