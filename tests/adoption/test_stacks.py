"""What is imported synthesizes, passes the policy, and gives pods the values that upstream's manifests would."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from karst.policy.check import check_stacks
from karst.policy.check import read_stacks as read_for_policy
from tests.adoption.upstream_files import SECRETS
from tests.examples import ExampleStack

GLOBAL = "hub.kelp.example.org"
IN_REEF = {"AUTH_URL": f"{GLOBAL}/auth", "AUTH_URI": f"{GLOBAL}/auth", "STICKY_AUTH_URL": f"{GLOBAL}/sticky_auth"}
BIGTABLE = {"BIGTABLE_PROJECT": "kelp-lab-data", "BIGTABLE_INSTANCE": "pychunkedgraph"}
GRAPH = (
    IN_REEF
    | BIGTABLE
    | {
        "PROJECT_ID": "kelp-lab-data",
        "PROJECT_NAME": "kelp-lab-cave",
        "PCG_GRAPH_IDS": "kelp_v1",
        "SEGMENTATION_URL_PREFIX": "segmentation",
        "MESHING_URL_PREFIX": "meshing",
    }
)
SKELETONS = {
    "GLOBAL_SERVER_URL": f"https://{GLOBAL}",
    "SKELETON_CACHE_HIGH_PRIORITY_EXCHANGE": "reef_SKELETON_CACHE_HIGH_PRIORITY",
    "SKELETON_CACHE_LOW_PRIORITY_EXCHANGE": "reef_SKELETON_CACHE_LOW_PRIORITY",
    "SKELETON_CACHE_HIGH_PRIORITY_RETRIEVE_QUEUE": "reef_SKELETON_CACHE_WORKER_HIGH_PRIORITY",
    "SKELETON_CACHE_LOW_PRIORITY_RETRIEVE_QUEUE": "reef_SKELETON_CACHE_WORKER_LOW_PRIORITY",
    "SKELETON_CACHE_DEAD_LETTER_RETRIEVE_QUEUE": "reef_SKELETON_CACHE_WORKER_DEAD_LETTER",
    "SKELETON_DATASTACK_NAME_REMAPPING": '{"kelp_public": "kelp_production"}',
}
WORKERS = IN_REEF | BIGTABLE
ENVIRONMENT: dict[str, dict[str, str]] = {
    "auth": {"AUTH_URL": f"{GLOBAL}/auth", "STICKY_AUTH_URL": f"{GLOBAL}/sticky_auth", "URL_PREFIX": "auth"},
    "sticky-auth": {"AUTH_URL": f"{GLOBAL}/auth", "URL_PREFIX": "sticky_auth"},
    "info": {"AUTH_URL": f"{GLOBAL}/auth", "GLOBAL_SERVER": f"https://{GLOBAL}"},
    "schema": {"AUTH_URL": f"{GLOBAL}/auth"},
    "nglstate": {"AUTH_URL": f"{GLOBAL}/auth", "PROJECT_ID": "kelp-lab-cave", "JSON_DB_TABLE_NAME": "kelplinks"},
    "pychunkedgraph": GRAPH
    | {
        "PYCHUNKEDGRAPH_EDITS_EXCHANGE": "reef_PCG_EDIT",
        "PCG_SERVER_LOGS_NS": "pcg_server_logs_reef",
        "PCG_SERVER_ENABLE_LOGS": "true",
        "PCG_SERVER_LOGS_LEAVES_MANY": "false",
    },
    "pychunkedgraph-read": GRAPH,
    "meshing": GRAPH,
    "meshworker": BIGTABLE | {"PYCHUNKEDGRAPH_REMESH_QUEUE": "reef_PCG_HIGH_PRIORITY_REMESH"},
    "remeshworker": BIGTABLE | {"PYCHUNKEDGRAPH_REMESH_QUEUE": "reef_PCG_LOW_PRIORITY_REMESH"},
    "pcgl2cache": IN_REEF | BIGTABLE | {"L2CACHE_EXCHANGE": "reef_L2CACHE", "PCGL2CACHE_URL_PREFIX": "l2cache"},
    "pcgl2cache-worker": BIGTABLE | {"L2CACHE_UPDATE_QUEUE": "reef_L2CACHE_WORKER"},
    "pcgl2cache-highpriority-worker": BIGTABLE | {"L2CACHE_TRIGGER_QUEUE": "reef_L2CACHE_HIGH_PRIORITY_TRIGGER"},
    "pcgl2cache-lowpriority-worker": BIGTABLE | {"L2CACHE_TRIGGER_QUEUE": "reef_L2CACHE_LOW_PRIORITY_TRIGGER"},
    "skeletoncache": IN_REEF | SKELETONS | {"SKELETONCACHE_WORKER_MAX_REPLICAS": "4"},
    "skeletoncache-worker-low": SKELETONS,
    "annotationengine": IN_REEF,
    "materialize": IN_REEF | {"LIMITER_CATEGORIES": '{"fast_query": "2000/minute", "query": "200/minute"}'},
    "celery-producer": WORKERS | {"QUEUE_NAME": "workflow", "CELERY_CONCURRENCY": "2"},
    "celery-consumer": WORKERS | {"QUEUE_NAME": "process", "CELERY_CONCURRENCY": "2", "CLOUDVOLUME_PARALLEL": "10"},
    "guidebook": IN_REEF
    | {
        "GUIDEBOOK_DATASTACK": "kelp_production",
        "GUIDEBOOK_N_PARALLEL": "1",
        "GUIDEBOOK_EXPECTED_RESOLUTION": "4,4,40",
        "GUIDEBOOK_INVALIDATION_D": "3",
        "GLOBAL_SERVER_ADDRESS": f"https://{GLOBAL}",
        "USE_L2CACHE": "false",
        "CV_USE_HTTPS": "false",
    },
    "dash": IN_REEF,
    "pprogress": IN_REEF | {"PPROGRESS_URL_PREFIX": "progress"},
    "pmanagement": IN_REEF
    | {
        "PMANAGEMENT_URL_PREFIX": "neurons",
        "PMANAGEMENT_PROOFREADING_TABLE": "proofread_kelp",
        "PMANAGEMENT_NEURONINFORMATION_TABLE": "neurons_kelp",
    },
    "proxy": IN_REEF | {"URL_PREFIX": "proxy"},
    "tourguide": {
        "TOURGUIDE_SERVER_ADDRESS": f"https://{GLOBAL}",
        "TOURGUIDE_LOG_LEVEL": "INFO",
        "TOURGUIDE_TMP_DIR": "/tmp/tours",
        "TOURGUIDE_TIMEOUT": "120",
        "TOURGUIDE_NEUROGLANCER_URL": "https://viewer.example.com",
    },
}
"""Service to the variables that upstream's manifests would give it from the same file, hosts of Redis left out: those
are names in the private zone, whose records lead to the same instances."""
SIZES = {
    "pychunkedgraph": ("1000m", "4096Mi"),
    "pychunkedgraph-read": ("125m", "1843Mi"),
    "celery-consumer": ("500m", "400Mi"),
    "celery-producer": ("500m", "400Mi"),
    "materialize": ("200m", "850Mi"),
}
FILES: dict[str, tuple[str, ...]] = {
    "sticky-auth": ("'ada@example.org', 'Ada Admin', 'Bo Boss'", "'cy@example.org', 'Cy Clerk', 'Bo Boss'"),
    "info": ("NEUROGLANCER_URL = 'https://viewer.example.com'",),
    "materialize": (
        "DATASTACKS = ['kelp_production', 'kelp_public']",
        "MIN_DATABASES = 1\\n",
        "MAX_DATABASES = 2\\n",
        "QUERY_LIMIT_SIZE = 500000",
        "MERGE_TABLES = False",
        "LOGGING_LEVEL = 'WARNING'",
        "TEST_DB_NAME = 'kelp_phase1'",
        "SQL_INSTANCE_NAME = 'kelp-reef-sql'",
        "MATERIALIZATION_DUMP_BUCKET = 'gs://kelp-lab-dump'",
        "MATERIALIZATION_UPLOAD_BUCKET_PATH = 'kelp-lab-upload'",
        "LOCAL_SERVER_URL = 'https://reef.kelp.example.org'",
        f"GLOBAL_SERVER_URL = 'https://{GLOBAL}'",
        "AUTH_SHARED_EXCLUDED_GROUPS = ['default']",
        "'run_daily_periodic_materialization', 'minute': 10, 'hour': 8, 'day_of_week': '0,2,4,6'}",
        "'hour': '0-1,17-23'",
    ),
    "annotationengine": (f"GLOBAL_SERVER = 'https://{GLOBAL}'", "AUTH_SHARED_EXCLUDED_GROUPS = ['default']"),
    "cavecanary": ("SLACK_CHANNEL = #kelp-alerts",),
    "dash": ("'kelp_public': {", "'title': 'Kelp'"),
    "proxy": ("PROXY_MAP = {'kelp': 'https://storage.example.com/kelp'}",),
    "skeletoncache": ("SKELETON_CACHE_BUCKET = 'gs://kelp-lab-skeletons/v4'",),
    "pcgl2cache": (
        '{"kelp_v1": {"cv_path": "graphene://https://reef.kelp.example.org/segmentation/table/kelp_v1"',
        '"l2cache_id": "l2cache_kelp_v1_a"}}',
    ),
}
"""Service to what its files hold, as upstream's templates would fill it in."""


def apps(stacks: dict[str, ExampleStack]) -> dict[str, tuple[str, dict[str, Any]]]:
    """Each service with the deployment that runs it, and the container of its program."""
    found: dict[str, tuple[str, dict[str, Any]]] = {}
    for stack in ("hub-apps-blue", "reef-apps-blue"):
        for body in stacks[stack].content["resource"]["kubernetes_deployment_v1"].values():
            name = body["metadata"]["labels"]["app.kubernetes.io/name"]
            found.setdefault(name, (stack, body["spec"]["template"]["spec"]["container"][0]))
    return found


def variables(container: dict[str, Any]) -> dict[str, str]:
    return {one["name"]: one["value"] for one in container["env"] if "value" in one}


@pytest.mark.parametrize("service", sorted(ENVIRONMENT))
def test_pods_get_what_upstreams_manifests_gave(stacks: dict[str, ExampleStack], service: str) -> None:
    _, container = apps(stacks)[service]
    given = variables(container)
    assert {name: given.get(name) for name in ENVIRONMENT[service]} == ENVIRONMENT[service]


@pytest.mark.parametrize("service", sorted(FILES))
def test_files_hold_what_upstreams_templates_wrote(stacks: dict[str, ExampleStack], service: str) -> None:
    stack, _ = apps(stacks)[service]
    maps = stacks[stack].content["resource"]["kubernetes_config_map_v1"]
    mine = [body["data"] for key, body in maps.items() if f"apps__{service.replace('-', '_')}__files" in key]
    # Files with secrets stand as JSON within JSON, in parts; the quotes within the quotes go.
    text = "".join(value for data in mine for value in data.values()).replace('\\"', '"')
    assert [wanted for wanted in FILES[service] if wanted not in text] == []


def test_copies_reserve_what_they_did(stacks: dict[str, ExampleStack]) -> None:
    running = apps(stacks)
    asked = {name: running[name][1]["resources"]["requests"] for name in SIZES}
    assert {name: (one["cpu"], one["memory"]) for name, one in asked.items()} == SIZES


def test_viewers_are_told_of_the_same_datastacks(stacks: dict[str, ExampleStack]) -> None:
    stored = json.dumps(stacks["reef-run"].content["resource"]["google_storage_bucket_object"])
    assert "kelp_production" in stored
    assert "kelp_public" in stored


def test_the_policy_has_nothing_to_object(stacks: dict[str, ExampleStack]) -> None:
    folder = next(iter(stacks.values())).path.parents[2]
    assert [str(one) for one in check_stacks(read_for_policy(folder))] == []


def test_no_secret_reaches_a_stack(stacks: dict[str, ExampleStack]) -> None:
    texts = {name: stack.path.read_text("utf-8") for name, stack in stacks.items()}
    assert [(name, key) for name, text in texts.items() for key, value in SECRETS.items() if value in text] == []


def test_every_import_has_its_block(stacks: dict[str, ExampleStack]) -> None:
    folder = next(iter(stacks.values())).path.parents[3] / "files" / "environments"
    for name in ("hub", "reef"):
        declared = yaml.safe_load((folder / name / "deployment.yaml").read_text("utf-8"))["imports"]
        blocks = {
            (stack, block["to"], block["id"])
            for stack, one in stacks.items()
            for block in one.content.get("import", [])
        }
        assert {(one["stack"], one["address"], one["id"]) for one in declared} <= blocks
