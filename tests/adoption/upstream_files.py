# ruff: noqa: E501 - lines are as long as those of upstream's files.
"""The environment files that upstream's templates make, put together anew from the names of their variables.

Every value is invented. The shapes are those that the reader and the mapping have to bear: references, arrays, quotes
within quotes, commands that are never run, files that are taken in, and the faults that upstream's templates have.
"""

from __future__ import annotations

from pathlib import Path

from karst.adoption.rows import words

PASSWORD = "wander-Quartz-88-lantern"
SECRETS = {
    "POSTGRES_WRITE_USER_PASSWORD": PASSWORD,
    "AUTHSERVICE_SECRET_KEY": "auth-key-0f1e2d3c4b5a",
    "INFOSERVICE_SECRET_KEY": "info-key-99aa88bb77cc",
    "INFOSERVICE_CSRF_SECRET_KEY": "info-csrf-11dd22ee33ff",
    "GUIDEBOOK_CSRF_KEY": "guide-csrf-5566778899",
    "DASH_SECRET_KEY": "dash-key-ab12cd34ef56",
    "SLACK_API_TOKEN": "hook-T000-B000-invented",
}

_PLACE = """\
export ENVIRONMENT="{name}"
export PROJECT_NAME="kelp-lab-cave"
export REGION="us-east4"
export ZONE="us-east4-b"
export DNS_ZONE="kelp-zone"
export DOMAIN_NAME="kelp.example.org"
export CLUSTER_NAME="daf-$ENVIRONMENT"
export NETWORK_NAME="daf-${{ENVIRONMENT}}-network"
export SUBNETWORK_NAME="${{NETWORK_NAME}}-sub"
export EXTERNAL_IP_ADDRESS_WO_QUOTES=$(gcloud compute addresses describe $CLUSTER_NAME --region $REGION --format='value(address)')
export EXTERNAL_IP_ADDRESS="\\"$EXTERNAL_IP_ADDRESS_WO_QUOTES\\""
export LETSENCRYPT_EMAIL="ops@example.org"
export LETSENCRYPT_SERVER="https://acme.example.com/directory"
export LETSENCRYPT_ISSUER_NAME="letsencrypt-staging" # the name misleads
export DOCKER_REPOSITORY="docker.io/caveconnectome"
export NGINX_INGRESS_CONTROLLER_NAME="some-release"
export NGINX_INGRESS_SERVICE_NAME="some-service"
export DNS_HOSTNAME="$ENVIRONMENT.$DOMAIN_NAME"
export CRD_GITHUB_PATH="https://example.com/crds.yaml"
DNS_HOSTNAMES=("$DNS_HOSTNAME" "{alias}")
DNS_ZONES=("$DNS_ZONE" "{alias_zone}")
export DNS_HOSTNAMES_DASHED=$(echo "${{DNS_HOSTNAMES[@]}}" | sed 's/ /\\n- /g')
export DNS_HOSTNAMES_DB_TABBED=$(echo "$DNS_HOSTNAMES_DASHED" | sed 's/^/    /')
export DNS_HOSTNAMES_TR_TABBED=$(echo "$DNS_HOSTNAMES_DASHED" | sed 's/^/      /')
export DNS_INGRESS_PARA=$(echo "$DNS_HOSTNAMES_DASHED" | sed 's/^/host: /')
export SQL_INSTANCE_CPU={cpu}
export SQL_INSTANCE_MEMORY={memory}
export SQL_AUTH_DB_NAME="authentication"
export SQL_INFO_DB_NAME="infoservice"
export SQL_DB_TYPE="{dialect}"
export POSTGRES_WRITE_USER="postgres"
export POSTGRES_WRITE_USER_PASSWORD="{password}"
export SQL_INSTANCE_NAME="kelp-{name}-sql"
export NGINX_CONFIG_VERSION="2"
export AUTHSERVICE_CONFIG_VERSION="1.10"
export INFOSERVICE_CONFIG_VERSION="5"
export NGLSTATE_SERVICE_ACCOUNT_NAME="daf-nglstate-$ENVIRONMENT"
export CLOUD_SQL_SERVICE_ACCOUNT_NAME="daf-cloudsqlproxy-$ENVIRONMENT"
export AUTH_SERVICE_ACCOUNT_NAME="daf-auth-$ENVIRONMENT"
export CLOUD_DNS_SERVICE_ACCOUNT_NAME="daf-clouddns-$ENVIRONMENT"
export NGLSTATE_SERVICE_ACCOUNT_SECRET="$NGLSTATE_SERVICE_ACCOUNT_NAME-cred"
export CLOUD_SQL_SERVICE_ACCOUNT_SECRET="$CLOUD_SQL_SERVICE_ACCOUNT_NAME-cred"
export AUTH_SERVICE_ACCOUNT_SECRET="$AUTH_SERVICE_ACCOUNT_NAME-cred"
export CLOUD_DNS_SERVICE_ACCOUNT_SECRET="$CLOUD_DNS_SERVICE_ACCOUNT_NAME-cred"
export AUTH_OAUTH_SECRET="daf-oauth-$ENVIRONMENT-cred"
export GOOGLE_SECRET_FILENAME="google-secret.json"
export CAVE_SECRET_FILENAME="cave-secret.json"
export OAUTH_SECRET_FILENAME="oauth-secret-$ENVIRONMENT.json"
export ROOT_FOLDER="$PWD"
export KEY_FOLDER="$ROOT_FOLDER/gcloud_keys/$ENVIRONMENT"
export YAML_FOLDER="$ROOT_FOLDER/kubeyamls/$ENVIRONMENT"
export ADD_STORAGE_SECRET_FOLDER="$ROOT_FOLDER/secrets/$ENVIRONMENT"
export AUTHSERVICE_SECRET_KEY="{auth_key}"
export GLOBAL_SERVER="{global_server}"
export AUTH_URI="$GLOBAL_SERVER/auth"
export AUTH_URL="$GLOBAL_SERVER/auth"
export INFO_URL="$GLOBAL_SERVER/info"
export STICKY_AUTH_URL="$GLOBAL_SERVER/sticky_auth"
"""

_GLOBAL = """\
export REDIS_NAME="daf-redis-$ENVIRONMENT"
export REDIS_IP=$(gcloud redis instances describe $REDIS_NAME --region=$REGION --format='value(host)')
export INFOSERVICE_SERVICE_ACCOUNT_SECRET="daf-infoservice-secret-$ENVIRONMENT-cred"
export AUTH_VERSION="2.24.0"
export NGLSTATE_VERSION="0.6.0"
export INFOSERVICE_VERSION="4.0.3"
export EMANNOTATIONSCHEMAS_VERSION="5.12.0"
export AUTH_REPLICAS=2
export NGL_STATE_REPLICAS=1
export EMANNOTATIONSCHEMAS_REPLICAS=1
export INFO_REPLICAS=1
export INFOSERVICE_CSRF_SECRET_KEY="{info_csrf}"
export INFOSERVICE_SECRET_KEY="{info_key}"
export NEUROGLANCER_VIEWER_URL="https://viewer.example.com"
export AUTH_DEFAULT_ADMINS='[["ada@example.org", "Ada Admin", "Bo Boss"], ["cy@example.org", "Cy Clerk", "Bo Boss"]]'
export JSON_DB_TABLE_NAME="kelplinks"
"""

_LOCAL = """\
export SQL_ANNO_DB_NAME="annotation"
export SQL_MAT_DB_NAME="materialization"
export PCG_REDIS_NAME="pcg-cache"
export PCG_REDIS_IP=$(gcloud redis instances describe $PCG_REDIS_NAME --region=$REGION --format='value(host)')
export MAT_REDIS_NAME="$PROJECT_NAME-celery-redis"
export MAT_REDIS_HOST=$(gcloud redis instances describe $MAT_REDIS_NAME --region=$REGION --format='value(host)')
export MAT_REDIS_PORT=6379
export MAT_REDIS_PASSWORD=""
export BIGTABLE_INSTANCE_NAME="pychunkedgraph"
export DATA_PROJECT_NAME="kelp-lab-data"
export DATA_REGION="us-east4"
export PCG_BUCKET_NAME="kelp-lab-pcg"
export SUPPORTED_DATASTACKS="\\"kelp_public\\",\\"kelp_production\\""
export MATERIALIZE_CONFIG_VERSION="16"
export ANNOTATION_ENGINE_CONFIG_VERSION="1.4"
export PCG_CONFIG_VERSION="6"
export PROXY_CONFIG_VERSION="1.12"
export L2CACHE_CONFIG_VERSION="1"
export SKELETONCACHE_CONFIG_VERSION="1"
export DASH_CONFIG_VERSION="6"
export CAVECANARY_CONFIG_VERSION="1.8"
export PYCG_SERVICE_ACCOUNT_NAME="daf-pychunkedgraph-$ENVIRONMENT"
export SKELETON_SERVICE_ACCOUNT_NAME="daf-skeleton-$ENVIRONMENT"
export AE_SERVICE_ACCOUNT_NAME="daf-annotationengine-$ENVIRONMENT"
export PMANAGEMENT_SERVICE_ACCOUNT_NAME="daf-pmanagement-$ENVIRONMENT"
export ADD_STORAGE_NAME="daf-storage-$ENVIRONMENT"
export PYCG_SERVICE_ACCOUNT_SECRET="$PYCG_SERVICE_ACCOUNT_NAME-cred"
export SKELETON_SERVICE_ACCOUNT_SECRET="$SKELETON_SERVICE_ACCOUNT_NAME-cred"
export AE_SERVICE_ACCOUNT_SECRET="$AE_SERVICE_ACCOUNT_NAME-cred"
export PMANAGEMENT_SERVICE_ACCOUNT_SECRET="$PMANAGEMENT_SERVICE_ACCOUNT_NAME-cred"
export PMANAGEMENT_SECRET_FILENAME="pmanagement-secret.json"
export PYCG_SERVICE_ACCOUNT_ADDON="--from-file=reef-google-secret.json=$ADD_STORAGE_SECRET_FOLDER/reef-google-secret.json"
export ANNOTATION_ENGINE_VERSION="4.14.1"
export MATERIALIZE_VERSION="4.23.0"
export PYCG_VERSION="2.15.1"
export PCGL2CACHE_VERSION="1.3.1"
export SKELETONCACHE_VERSION="0.1.50"
export GUIDEBOOK_VERSION="0.3.2"
export DASH_VERSION="1.12.1"
export PPROGRESS_VERSION="0.0.47"
export PMANAGEMENT_VERSION="0.15.2"
export PROXY_VERSION="RequestorPays12"
export CAVECANARY_VERSION="0.4.4"
export ANNOTATION_UI_VERSION="0.2.1"
export DASH2_VERSION="1.12.1"
{replicas}
export CELERY_BEAT_REPLICAS=0
export MAT_HEALTH_ALIGNED_VOLUME_NAME="kelp_phase1"
export MATERIALIZE_CRONJOB_SUSPENDED=false
export MAT_DATASTACKS="kelp_public,kelp_production"
export MIN_DATABASES=1
export MAX_DATABASES=2
export MAT_BEAT_SCHEDULES=$(cat {repo}/schedules.json | awk '{{printf "    %s\\n",$0}}')
export MERGE_MATERIALIZE_DATABASES=False
export LIMITS_QUERY_PER_MINUTE=200
export LIMITS_FAST_QUERY_PER_MINUTE=2000
export MAT_LIMITER_CATEGORIES="{{\\"query\\":\\"$LIMITS_QUERY_PER_MINUTE/minute\\"\\,\\"fast_query\\":\\"$LIMITS_FAST_QUERY_PER_MINUTE/minute\\"}}"
export LIMITER_URI="redis://$PCG_REDIS_IP/0"
export MAT_QUERY_LIMIT_SIZE=500000
export MAT_LOG_LEVEL=WARNING
export MAT_SERVICE_MEM=850Mi
export MATERIALIZATION_UPLOAD_BUCKET_NAME="kelp-lab-upload"
export MATERIALIZATION_UPLOAD_BUCKET_PATH="$MATERIALIZATION_UPLOAD_BUCKET_NAME"
export ANNOTATION_EXCLUDED_PERMISSION_GROUPS = "default"
export PYCG_MEM_GIB=4
export PYCG_MILLI_CPU=1000
export PCG_GRAPH_IDS="kelp_v1"
export PCG_CONFIG=""
export PYCHUNKEDGRAPH_EDITS_EXCHANGE="${{ENVIRONMENT}}_PCG_EDIT"
export PYCHUNKEDGRAPH_REMESH_QUEUE="${{ENVIRONMENT}}_PCG_HIGH_PRIORITY_REMESH"
export PYCHUNKEDGRAPH_LOW_PRIORITY_REMESH_QUEUE="${{ENVIRONMENT}}_PCG_LOW_PRIORITY_REMESH"
export PROXY_MAP="{{'kelp': 'https://storage.example.com/kelp'"
export L2CACHE_CONFIG=$(cat {repo}/l2cache.yml | awk '{{printf "    %s\\n",$0}}')
export L2CACHE_UPDATE_QUEUE="${{ENVIRONMENT}}_L2CACHE_WORKER"
export L2CACHE_EXCHANGE="${{ENVIRONMENT}}_L2CACHE"
export L2CACHE_TRIGGER_QUEUE="${{ENVIRONMENT}}_L2CACHE_HIGH_PRIORITY_TRIGGER"
export L2CACHE_TRIGGER_LOW_PRIORITY_QUEUE="${{ENVIRONMENT}}_L2CACHE_LOW_PRIORITY_TRIGGER"
export SKELETON_CACHE_BUCKET="gs://gs://kelp-lab-skeletons/v4"
export SKELETON_CACHE_LOW_PRIORITY_EXCHANGE="${{ENVIRONMENT}}_SKELETON_CACHE_LOW_PRIORITY"
export SKELETON_CACHE_HIGH_PRIORITY_EXCHANGE="${{ENVIRONMENT}}_SKELETON_CACHE_HIGH_PRIORITY"
export SKELETON_CACHE_LOW_PRIORITY_RETRIEVE_QUEUE="${{ENVIRONMENT}}_SKELETON_CACHE_WORKER_LOW_PRIORITY"
export SKELETON_CACHE_HIGH_PRIORITY_RETRIEVE_QUEUE="${{ENVIRONMENT}}_SKELETON_CACHE_WORKER_HIGH_PRIORITY"
export LIMITS_SKELETON_REQUESTS_PER_MINUTE=100
export SK_LIMITER_CATEGORIES="{{\\"request\\":\\"$LIMITS_SKELETON_REQUESTS_PER_MINUTE/minute\\"}}"
export GUIDEBOOK_CSRF_KEY="{guidebook_key}"
export GUIDEBOOK_DATASTACK="kelp_production"
export GUIDEBOOK_N_PARALLEL=1
export GUIDEBOOK_EXPECTED_RESOLUTION="4,4,40"
export GUIDEBOOK_INVALIDATION_D=3
export GUIDEBOOK_ENABLE_L2CACHE="false"
export DASH_SECRET_KEY="{dash_key}"
export DASH_CONFIG=$(cat {repo}/dash_config.py | awk '{{printf "    %s\\n",$0}}')
export CELERY_WORKER_POOL="celery-pool"
export STANDARD_POOL="standard-pool"
export LIGHTWEIGHT_POOL="lightweight-pool"
export CORE_POOL="core-pool"
export MESH_POOL="mesh-pool"
export CELERY_CONSUMER_CONCURRENCY=2
export CELERY_PRODUCER_CONCURRENCY=2
export CELERY_CPU="500m"
export CELERY_MEMORY="400Mi"
export CONSUMER_QUEUE_NAME="process"
export PRODUCER_QUEUE_NAME="workflow"
export CELERY_CONSUMER_WORKER_NAME="worker.$CONSUMER_QUEUE_NAME"
export CELERY_PRODUCER_WORKER_NAME="worker.$PRODUCER_QUEUE_NAME"
export SLACK_API_TOKEN="{slack}"
export SLACK_CHANNEL="#kelp-alerts"
"""

_BY_HAND = """\
export CELERY_ORCHESTRATION_WORKER_NAME="worker.orchestration"
export MATERIALIZATION_DUMP_BUCKET_NAME="kelp-lab-dump"
export MAT_TASKQUEUE_CPU="100m"
export MAT_TASKQUEUE_MEMORY="100Mi"
export NGLSTATE_BUCKET_NAME="kelp-lab-states"
export NGLSTATE_BUCKET_PATH="kelp-lab-states/v1"
export PCG_SERVER_ENABLE_LOGS=True
export PCG_SERVER_LOGS_LEAVES_MANY=False
export PMANAGEMENT_PROOFREADING_TABLE="proofread_kelp"
export PMANAGEMENT_NEURONINFORMATION_TABLE="neurons_kelp"
export PYCG_READ_MIN_REPLICAS=1
export PYCG_READ_MAX_REPLICAS=6
export PYCG_READ_MEM_GIB=1.8
export PYCG_READ_MILLI_CPU=125
export PYCHUNKEDGRAPH_LOW_PRIORITY_EXCHANGE="${ENVIRONMENT}_PCG_LOW"
export REDIS_HOST="10.9.8.7"
export REDIS_PASSWORD=""
export SKELETON_CACHE_DEAD_LETTER_EXCHANGE="${ENVIRONMENT}_SKELETON_CACHE_DEAD_LETTER"
export SKELETON_CACHE_DEAD_LETTER_RETRIEVE_QUEUE="${ENVIRONMENT}_SKELETON_CACHE_WORKER_DEAD_LETTER"
export SKELETON_DATASTACK_NAME_REMAPPING="{\\"kelp_public\\": \\"kelp_production\\"}"
export SKELETON_INTEGRATION_TEST_SERVER="https://hub.kelp.example.org"
export SKELETON_INTEGRATION_TEST_DATASTACK__DEFAULT="kelp_public"
export TOURGUIDE_VERSION="2.3.2"
export TOURGUIDE_LOG_LEVEL="info"
export TOURGUIDE_NEUROGLANCER_URL="https://viewer.example.com"
export TOURGUIDE_SERVER_ADDRESS="https://hub.kelp.example.org"
export TOURGUIDE_TIMEOUT=120
export TOURGUIDE_TMP_DIR="/tmp/tours"
"""
BY_HAND_COUNT = 28
"""Names that upstream's manifests use and its template forgets."""

_REPLICAS = {
    **dict.fromkeys(("PYCG", "MESHING", "MESHWORKER", "REMESHWORKER"), (1, 3)),
    **dict.fromkeys(("GUIDEBOOK", "GUIDEBOOK_WORKER", "TOURGUIDE"), (1, 1)),
    **dict.fromkeys(
        words(
            "PCGL2CACHE PCGL2CACHE_WORKER SKELETONCACHE SKELETONCACHE_WORKER ANNOTATIONENGINE MAT CELERY_PRODUCER "
            "CELERY_CONSUMER DASH PPROGRESS PMANAGEMENT PROXY CAVECANARY"
        ),
        (0, 0),
    ),
}
SCHEDULES = """\
[
    {"name": "nightly", "minute": 10, "hour": 8, "day_of_week": [0, 2, 4, 6], "task": "run_daily_periodic_materialization"},
    {"name": "weekly", "minute": 10, "hour": 8, "day_of_week": "mon,fri", "task": "run_weekly_periodic_materialization"},
    {"name": "long", "minute": 10, "hour": 8, "day_of_week": "wed", "day_of_month": "1-7,15-21", "task": "run_lts_periodic_materialization"},
    {"name": "expiry", "minute": 0, "hour": 8, "task": "remove_expired_databases"},
    {"name": "live", "minute": 0, "hour": "0-1,17-23", "task": "run_periodic_database_update"}
    ]
"""
L2CACHE = """\
kelp_v1:
  cv_path: graphene://https://{name}.kelp.example.org/segmentation/table/kelp_v1
  l2cache_id: l2cache_kelp_v1_a
"""
DASH = """\
viewer = {"omit": True, "depth": 3}
DASH_DATASTACK_SUPPORT = {
    "kelp_public": {"title": "Kelp", "size": 4},
    "kelp_production": viewer,
}
"""


EVERYTHING_ON = "".join(
    f"export {prefix}_MIN_REPLICAS=1\nexport {prefix}_MAX_REPLICAS=4\n"
    for prefix, (_, most) in _REPLICAS.items()
    if most == 0
)
"""What an operator adds to run all that the template turns off."""


def global_file(folder: Path, name: str = "hub") -> Path:
    """The global template as it would be rendered for the environment `name`."""
    return _write(folder / f"{name}.sh", global_text(name))


def global_text(name: str = "hub") -> str:
    return _place(name, cpu=1, memory=4, dialect="postgresql") + _GLOBAL.format(
        info_csrf=SECRETS["INFOSERVICE_CSRF_SECRET_KEY"], info_key=SECRETS["INFOSERVICE_SECRET_KEY"]
    )


def local_file(folder: Path, name: str = "reef", *, by_hand: bool = False, more: str = "") -> Path:
    """The local template as it would be rendered, with the files that it takes in; `by_hand` adds what it forgets."""
    _write(folder / "schedules.json", SCHEDULES)
    _write(folder / "l2cache.yml", L2CACHE.format(name=name))
    _write(folder / "dash_config.py", DASH)
    return _write(folder / f"{name}.sh", local_text(folder, name) + (_BY_HAND if by_hand else "") + more)


def by_hand_text() -> str:
    return _BY_HAND


def local_text(repo: Path, name: str = "reef") -> str:
    replicas = "\n".join(
        f"export {prefix}_MIN_REPLICAS={low}\nexport {prefix}_MAX_REPLICAS={high}"
        for prefix, (low, high) in _REPLICAS.items()
    )
    return _place(name, cpu=4, memory=16, dialect="postgres") + _LOCAL.format(
        replicas=replicas,
        repo=repo,
        guidebook_key=SECRETS["GUIDEBOOK_CSRF_KEY"],
        dash_key=SECRETS["DASH_SECRET_KEY"],
        slack=SECRETS["SLACK_API_TOKEN"],
    )


def _place(name: str, *, cpu: int, memory: int, dialect: str) -> str:
    return _PLACE.format(
        name=name,
        alias=f"{name}-old.kelp.example.org",
        # What upstream's renderer writes where a zone should stand.
        alias_zone=f"{name}-old.kelp.example.org",
        cpu=cpu,
        memory=memory,
        dialect=dialect,
        password=SECRETS["POSTGRES_WRITE_USER_PASSWORD"],
        auth_key=SECRETS["AUTHSERVICE_SECRET_KEY"],
        global_server="hub.kelp.example.org",
    )


def _write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path
