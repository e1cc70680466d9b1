"""Every value that upstream's templates name is computed from the configuration, for every workload."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from karst.derived.files import workload_files
from karst.derived.settings import environment
from karst.derived.upstream_values import upstream_values
from karst.upstream import fill_secrets
from karst.upstream.values import VALUES
from tests.upstream.sample import NASTY
from tests.upstream.test_fill_secrets import Given, python_values
from tests.upstream.whole import SERVICES, blueprint, workload

WHOLE = blueprint()


def env(name: str, changes: Mapping[str, object] | None = None) -> Mapping[str, str]:
    whole = blueprint(changes) if changes else WHOLE
    return environment(whole, "blue", workload(whole, name))


def python_file(name: str, path: str, changes: Mapping[str, object] | None = None) -> Mapping[str, object]:
    """A file of Python as it stands in the pod, by variable."""
    whole = blueprint(changes) if changes else WHOLE
    parts = json.loads(workload_files(whole, "blue", workload(whole, name)).filled[path])
    secrets = Given(**dict.fromkeys(SERVICES[name].secrets, NASTY))
    return python_values(fill_secrets.fill({"file": parts}, secrets)["file"])


MATERIALIZE = ("materialize", "/app/materializationengine/instance/config.cfg")


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_value_setting_and_file_is_computed(name: str) -> None:
    one = workload(WHOLE, name)
    values = upstream_values(WHOLE, "blue", one)
    assert set(values) == set(VALUES)
    found = environment(WHOLE, "blue", one)
    templated = {variable for variable, setting in one.service.settings.items() if setting.template}
    assert templated - found.keys() <= {"PMANAGEMENT_PROOFREADING_TABLE", "PMANAGEMENT_NEURONINFORMATION_TABLE"}
    assert [variable for variable, text in found.items() if "None" in text or "{{" in text] == []
    files = workload_files(WHOLE, "blue", one)
    assert files.plain.keys() | files.filled.keys() == one.service.config_files.keys()
    assert all(files.plain.values())
    assert (files.filling is not None) == bool(files.filled)


def test_auth_info_is_byte_for_byte_what_viewers_read() -> None:
    files = workload_files(WHOLE, "blue", workload(WHOLE, "auth-info"))
    body = '{"login_url":"https://lab.example.org/sticky_auth","supported_datastacks":["fly","minnie"]}'
    assert f"        return 200 '{body}';\n" in files.plain["/etc/nginx/conf.d/default.conf"]


def test_auth_info_names_no_datastack_where_there_is_none() -> None:
    empty = blueprint(datasets=())
    conf = workload_files(empty, "blue", workload(empty, "auth-info")).plain["/etc/nginx/conf.d/default.conf"]
    assert """return 200 '{"login_url":"https://lab.example.org/sticky_auth","supported_datastacks":[]}';""" in conf


def test_processes_of_one_cluster_reach_each_other_inside_it() -> None:
    inside = "http://pychunkedgraph-read.lab-green-upstream.svc.cluster.local"
    for name in ("materialize", "celery-consumer", "celery-producer", "celery-orchestration"):
        assert environment(WHOLE, "green", workload(WHOLE, name))["LOCAL_SERVER_URL"] == inside


def test_services_of_another_deployment_are_reached_at_their_host() -> None:
    local = blueprint({"kinds": ["local"], "global": {"host": "cave.example.org"}}, every=False)
    values = upstream_values(local, "blue", workload(local, "materialize"))
    urls = values["urls"]
    assert isinstance(urls, dict)
    assert (urls["auth"], urls["info"]) == ("https://cave.example.org", "https://cave.example.org")
    assert urls["pychunkedgraph-read"] == "http://pychunkedgraph-read.lab-blue-upstream.svc.cluster.local"
    assert "dash" not in urls
    assert values["global_host"] == "cave.example.org"


def test_what_runs_beside_the_cluster_is_reached_at_the_own_host() -> None:
    beside = blueprint({"services": {"auth": {"runtime": "cloudrun"}}})
    urls = upstream_values(beside, "blue", workload(beside, "dash"))["urls"]
    assert isinstance(urls, dict)
    assert urls["auth"] == "https://lab.example.org"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("pychunkedgraph", {"PYCHUNKEDGRAPH_EDITS_EXCHANGE": "lab_PCG_EDIT", "PCG_GRAPH_IDS": "minnie_v1"}),
        ("meshworker", {"PYCHUNKEDGRAPH_REMESH_QUEUE": "lab_PCG_HIGH_PRIORITY_REMESH"}),
        ("remeshworker", {"PYCHUNKEDGRAPH_REMESH_QUEUE": "lab_PCG_LOW_PRIORITY_REMESH"}),
        ("pcgl2cache-worker", {"L2CACHE_UPDATE_QUEUE": "lab_L2CACHE_WORKER"}),
        ("pcgl2cache-highpriority-worker", {"L2CACHE_TRIGGER_QUEUE": "lab_L2CACHE_HIGH_PRIORITY_TRIGGER"}),
        ("auth", {"AUTH_URL": "lab.example.org/auth", "REDISHOST": "redis-global.lab.karst.internal"}),
        ("nglstate", {"NGLSTATE_BUCKET_PATH": "gs://lab-cave-lab-nglstate", "REDIS_SERVICE_PORT": "6379"}),
        ("nglstate", {"JSON_DB_TABLE_NAME": "neuroglancerjsondb", "PROJECT_ID": "lab-cave"}),
        ("materialize", {"LIMITER_CATEGORIES": '{"fast_query": "2000/minute", "query": "300/minute"}'}),
        ("guidebook", {"GUIDEBOOK_DATASTACK": "fly", "GUIDEBOOK_EXPECTED_RESOLUTION": "4,4,40"}),
        ("guidebook", {"GUIDEBOOK_INVALIDATION_D": "3", "USE_L2CACHE": "true", "GUIDEBOOK_SHOW_PATH_TOOL": "false"}),
        ("celery-consumer", {"CELERY_CONCURRENCY": "2"}),
        ("tourguide", {"TOURGUIDE_SERVER_ADDRESS": "https://lab.example.org", "TOURGUIDE_TIMEOUT": "300"}),
        ("skeletoncache-integration-tester", {"SKELETON_TEST_CLUSTER": "lab-blue", "SKELETON_TEST_ZONE": "us-east4-a"}),
        ("pmanagement", {"AUTH_DATABASE_NAME": "flies"}),
    ],
)
def test_settings_follow_the_configuration(name: str, expected: Mapping[str, str]) -> None:
    found = env(name)
    assert {variable: found[variable] for variable in expected} == expected


@pytest.mark.parametrize(
    ("name", "changes", "expected"),
    [
        ("celery-consumer", {"materialization": {"workers": {"consumer_concurrency": 7}}}, {"CELERY_CONCURRENCY": "7"}),
        ("celery-producer", {"materialization": {"workers": {"throttle": False}}}, {"THROTTLE_QUEUES": "false"}),
        ("pychunkedgraph", {"services": {"pychunkedgraph": {"env": {"ZSTD_THREADS": "9"}}}}, {"ZSTD_THREADS": "9"}),
        (
            "dash",
            {"services": {"dash": {"env": {"AUTH_URL": "x/auth", "OWN": "1"}}}},
            {"AUTH_URL": "x/auth", "OWN": "1"},
        ),
        ("meshworker", {"pubsub": {"prefix": "api"}}, {"PYCHUNKEDGRAPH_REMESH_QUEUE": "api_PCG_HIGH_PRIORITY_REMESH"}),
        (
            "nglstate",
            {"buckets": {"nglstate": "gs://old-states/v2"}},
            {"NGLSTATE_BUCKET_PATH": "gs://old-states/v2"},
        ),
        ("pychunkedgraph", {"bigtable": {"project": "data-lab"}}, {"BIGTABLE_PROJECT": "data-lab"}),
        (
            "skeletoncache",
            {"skeletoncache": {"datastack_remapping": {"a": "b"}}},
            {"SKELETON_DATASTACK_NAME_REMAPPING": '{"a": "b"}'},
        ),
    ],
)
def test_the_deployment_decides(name: str, changes: Mapping[str, object], expected: Mapping[str, str]) -> None:
    found = env(name, changes)
    assert {variable: found[variable] for variable in expected} == expected


def test_database_is_that_of_the_login() -> None:
    found = python_file("auth", "/app/config/config.cfg")
    user, _, rest = str(found["SQLALCHEMY_DATABASE_URI"]).removeprefix("postgresql://").partition(":")
    assert (user, rest.rpartition("@")[2]) == ("lab-auth", "sql.lab.karst.internal:5432/authentication")
    assert found["SECRET_KEY"] == NASTY


def test_materialization_is_configured_as_declared() -> None:
    found = python_file(
        *MATERIALIZE, {"materialization": {"databases": {"min": 1, "max": 2}, "connection_pool_size": 3}}
    )
    assert {key: found[key] for key in ("MIN_DATABASES", "MAX_DATABASES", "DB_CONNECTION_POOL_SIZE")} == {
        "MIN_DATABASES": 1, "MAX_DATABASES": 2, "DB_CONNECTION_POOL_SIZE": 3,
    }  # fmt: skip
    assert found["DATASTACKS"] == ["fly", "minnie"]
    assert (found["TEST_DB_NAME"], found["LOGGING_LEVEL"]) == ("flies", "ERROR")
    assert found["LOCAL_SERVER_URL"] == "https://lab.example.org"
    assert found["CELERY_BROKER_URL"] == "redis://redis-broker.lab.karst.internal:6379/0"


def test_admins_are_triples() -> None:
    admins = [{"email": "ada@example.org", "name": "Ada Admin", "pi": "Lab"}]
    whole = blueprint({"auth": {"admins": admins}})
    values = upstream_values(whole, "blue", workload(whole, "sticky-auth"))
    assert values["admins"] == [["ada@example.org", "Ada Admin", "Lab"]]


def test_canary_tries_the_chosen_datastack_and_speaks_where_it_is_told() -> None:
    slack = {"token": "secret:slack-token", "channel": "#alerts"}
    whole = blueprint({"canary": {"datastack": "minnie", "interval_s": 90, "slack": slack}})
    skeleton = json.loads(workload_files(whole, "blue", workload(whole, "cavecanary")).filled["/app/config/config.ini"])
    text = "".join(part for part in skeleton if isinstance(part, str))
    assert 'DATASTACK_NAME = ["minnie"]\n' in text
    assert "CHECK_INTERVAL = 90\n" in text
    assert "SLACK_CHANNEL = #alerts\n" in text


def test_deployment_without_datasets_renders() -> None:
    empty = blueprint(datasets=())
    for one in empty.workloads:
        environment(empty, "blue", one)
        workload_files(empty, "blue", one)
    assert "GUIDEBOOK_DATASTACK" not in environment(empty, "blue", workload(empty, "guidebook"))


def test_two_generations_differ_in_names_only() -> None:
    one = workload(WHOLE, "skeletoncache-integration-tester")
    assert one.service.calls
    blue, green = (upstream_values(WHOLE, generation, one) for generation in ("blue", "green"))
    assert {key for key in blue if key != "secrets" and blue[key] != green[key]} == {"cluster", "urls"}
