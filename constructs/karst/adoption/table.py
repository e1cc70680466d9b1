"""Every variable of CAVEdeployment's environment files, and what becomes of it."""

from __future__ import annotations

from collections.abc import Mapping

from karst.adoption import parse
from karst.adoption.hosts import add_contact, add_viewer
from karst.adoption.programs import (
    add_admins,
    add_l2_tables,
    add_proxy_map,
    add_remapping,
    add_resolution,
    add_schedules,
    add_slack_channel,
    add_tables_of_dash,
    add_timeout,
)
from karst.adoption.rows import Row, by_name, drop, keep, keep_list, together, with_, words
from karst.adoption.secrets import extra_files, hide, hide_unused

_SCALED = words(
    "PYCG PYCG_READ MESHING MESHWORKER REMESHWORKER GUIDEBOOK GUIDEBOOK_WORKER TOURGUIDE PCGL2CACHE PCGL2CACHE_WORKER "
    "SKELETONCACHE SKELETONCACHE_WORKER ANNOTATIONENGINE MAT CELERY_PRODUCER CELERY_CONSUMER DASH PPROGRESS "
    "PMANAGEMENT PROXY CAVECANARY"
)
_ACCOUNTS = words("NGLSTATE CLOUD_SQL AUTH CLOUD_DNS PYCG SKELETON AE PMANAGEMENT")
_COMPUTED = "Karst computes it"
_QUEUE = "names of topics and subscriptions follow from pubsub.prefix"

PLACE: tuple[Row, ...] = (
    together("ENVIRONMENT DNS_HOSTNAMES DNS_ZONES GLOBAL_SERVER"),
    keep("PROJECT_NAME", "gcp.project", parse.text),
    keep("REGION", "gcp.region", parse.text),
    keep("ZONE", "gcp.zone", parse.text),
    keep("DNS_ZONE", "dns.zone", parse.text),
    keep("DOMAIN_NAME", "dns.domain", parse.host),
    keep("CLUSTER_NAME", "gcp.cluster.name", parse.text),
    keep("NETWORK_NAME", "gcp.network.name", parse.text),
    keep("SUBNETWORK_NAME", "gcp.network.subnet", parse.text),
    with_("LETSENCRYPT_EMAIL", add_contact),
    keep("LETSENCRYPT_SERVER", "tls.server", parse.https_url),
    keep("LETSENCRYPT_ISSUER_NAME", "tls.issuer", parse.text),
    keep("DOCKER_REPOSITORY", "images.registry", parse.text),
    with_("NEUROGLANCER_VIEWER_URL", add_viewer),
    drop("EXTERNAL_IP_ADDRESS_WO_QUOTES EXTERNAL_IP_ADDRESS", "the edge has addresses of its own"),
    drop("NGINX_INGRESS_CONTROLLER_NAME NGINX_INGRESS_SERVICE_NAME", "the edge takes the place of nginx"),
    drop("CRD_GITHUB_PATH", "nothing of cert-manager is left"),
    drop("DNS_HOSTNAME AUTH_URI AUTH_URL INFO_URL STICKY_AUTH_URL", _COMPUTED),
    drop(
        "DNS_HOSTNAMES_DASHED DNS_HOSTNAMES_DB_TABBED DNS_HOSTNAMES_TR_TABBED DNS_INGRESS_PARA",
        "it writes manifests out of dns.hostnames",
    ),
    *(
        keep(f"{key.upper()}_POOL", f"gcp.pools.{key}.name", parse.text)
        for key in ("standard", "lightweight", "core", "mesh")
    ),
    drop("CELERY_WORKER_POOL", "upstream makes no such pool; workers name theirs"),
    drop("ROOT_FOLDER KEY_FOLDER YAML_FOLDER ADD_STORAGE_SECRET_FOLDER ENV_REPO_PATH", "a folder of the old scripts"),
    drop("ADD_STORAGE_NAME CLUSTER_NAME_SAFE", "nothing reads it"),
    drop(
        " ".join(
            f"{name}_CONFIG_VERSION"
            for name in words(
                "NGINX AUTHSERVICE INFOSERVICE MATERIALIZE ANNOTATION_ENGINE PCG PROXY L2CACHE SKELETONCACHE DASH "
                "CAVECANARY PMANAGEMENT GUIDEBOOK NGLSTATE"
            )
        ),
        "pods start anew by themselves when what configures them changes",
    ),
)

STORES: tuple[Row, ...] = (
    keep("SQL_INSTANCE_NAME", "sql.instance", parse.text),
    keep("SQL_INSTANCE_CPU", "sql.cpu", parse.integer),
    keep("SQL_INSTANCE_MEMORY", "sql.memory_gb", parse.integer),
    keep("SQL_AUTH_DB_NAME", "sql.databases.auth", parse.text),
    keep("SQL_INFO_DB_NAME", "sql.databases.info", parse.text),
    keep("SQL_ANNO_DB_NAME", "sql.databases.annotation", parse.text),
    keep("SQL_MAT_DB_NAME", "sql.databases.materialization", parse.text),
    drop("SQL_DB_TYPE", "it is always PostgreSQL"),
    keep("POSTGRES_WRITE_USER", "sql.user", parse.text),
    hide(
        "POSTGRES_WRITE_USER_PASSWORD",
        "postgres-password",
        (("sql", "password"),),
        "The password of the old owner of the databases. Services get logins of their own.",
    ),
    keep("REDIS_NAME", "redis.global.name", parse.text),
    keep("PCG_REDIS_NAME", "redis.cache.name", parse.text),
    keep("MAT_REDIS_NAME", "redis.broker.name", parse.text),
    keep("REDIS_IP", "redis.global.address", parse.address),
    keep("PCG_REDIS_IP", "redis.cache.address", parse.address),
    keep("MAT_REDIS_HOST", "redis.broker.address", parse.address),
    drop("REDIS_HOST", "the host of a Redis follows from redis"),
    drop("MAT_REDIS_PORT", "a managed Redis without TLS answers on 6379"),
    hide_unused(
        "MAT_REDIS_PASSWORD REDIS_PASSWORD",
        "The managed Redis asks for no password, and upstream's images could give none: it belonged to a Redis that "
        "ran in the cluster. Nothing needs it.",
    ),
    keep("BIGTABLE_INSTANCE_NAME", "bigtable.instance", parse.text),
    keep("DATA_PROJECT_NAME", "bigtable.project", parse.text),
    drop("DATA_REGION", "nothing reads it"),
    keep("PCG_BUCKET_NAME", "buckets.pcg", parse.bucket),
    keep("SKELETON_CACHE_BUCKET", "buckets.skeleton", parse.bucket),
    keep("MATERIALIZATION_DUMP_BUCKET_NAME", "buckets.dump", parse.bucket),
    together("MATERIALIZATION_UPLOAD_BUCKET_NAME MATERIALIZATION_UPLOAD_BUCKET_PATH"),
    together("NGLSTATE_BUCKET_NAME NGLSTATE_BUCKET_PATH"),
    keep("JSON_DB_TABLE_NAME", "nglstate.table", parse.text),
    drop("PYCHUNKEDGRAPH_EDITS_EXCHANGE PYCHUNKEDGRAPH_REMESH_QUEUE PYCHUNKEDGRAPH_LOW_PRIORITY_REMESH_QUEUE", _QUEUE),
    drop("PYCHUNKEDGRAPH_LOW_PRIORITY_EXCHANGE", "no such topic exists; low priority is an attribute of messages"),
    drop("L2CACHE_UPDATE_QUEUE L2CACHE_EXCHANGE L2CACHE_TRIGGER_QUEUE L2CACHE_TRIGGER_LOW_PRIORITY_QUEUE", _QUEUE),
    drop(
        " ".join(
            f"SKELETON_CACHE_{priority}_{end}"
            for priority in ("LOW_PRIORITY", "HIGH_PRIORITY", "DEAD_LETTER")
            for end in ("EXCHANGE", "RETRIEVE_QUEUE")
        ),
        _QUEUE,
    ),
    drop(
        " ".join(
            f"{queue}_SAFE{end}"
            for queue in (
                "PYCHUNKEDGRAPH_REMESH_QUEUE",
                "PYCHUNKEDGRAPH_LOW_PRIORITY_REMESH_QUEUE",
                "L2CACHE_UPDATE_QUEUE",
            )
            for end in ("", "_LOWER")
        ),
        _QUEUE,
    ),
)

IDENTITIES: tuple[Row, ...] = (
    together(" ".join(f"{name}_SERVICE_ACCOUNT_NAME" for name in _ACCOUNTS)),
    drop(
        " ".join(f"{name}_SERVICE_ACCOUNT_SECRET" for name in (*_ACCOUNTS, "INFOSERVICE")),
        "pods have accounts and no key files",
    ),
    together("AUTH_OAUTH_SECRET"),
    drop(
        "GOOGLE_SECRET_FILENAME CAVE_SECRET_FILENAME PMANAGEMENT_SECRET_FILENAME OAUTH_SECRET_FILENAME",
        "the declarations of services name the files",
    ),
    with_("PYCG_SERVICE_ACCOUNT_ADDON", extra_files),
    hide(
        "AUTHSERVICE_SECRET_KEY",
        "auth-secret-key",
        (("auth", "secret_key"),),
        "It signs the sessions of people, who stay signed in. Upstream's file wrote a b before its quotes; the key is "
        "what stands between them.",
    ),
    hide(
        "INFOSERVICE_SECRET_KEY",
        "info-secret-key",
        (("services", "info", "secrets", "INFO_SECRET_KEY"),),
        "It signs sessions of info.",
    ),
    hide(
        "INFOSERVICE_CSRF_SECRET_KEY",
        "info-csrf-key",
        (("services", "info", "secrets", "INFO_CSRF_KEY"),),
        "It guards the forms of info.",
    ),
    hide(
        "GUIDEBOOK_CSRF_KEY",
        "guidebook-csrf-key",
        tuple(("services", name, "secrets", "GUIDEBOOK_CSRF_KEY") for name in ("guidebook", "guidebook-worker")),
        "It guards the forms of the guidebook.",
    ),
    hide(
        "DASH_SECRET_KEY",
        "dash-secret-key",
        (("services", "dash", "secrets", "DASH_SECRET_KEY"),),
        "It signs sessions of dash.",
    ),
    hide("SLACK_API_TOKEN", "slack-token", (("canary", "slack", "token"),), "With it the canary speaks in a channel."),
    with_("SLACK_CHANNEL", add_slack_channel),
    with_("AUTH_DEFAULT_ADMINS", add_admins),
)

SERVICES: tuple[Row, ...] = (
    together(
        "AUTH_VERSION NGLSTATE_VERSION INFOSERVICE_VERSION EMANNOTATIONSCHEMAS_VERSION ANNOTATION_ENGINE_VERSION "
        "MATERIALIZE_VERSION PYCG_VERSION PCGL2CACHE_VERSION SKELETONCACHE_VERSION GUIDEBOOK_VERSION DASH_VERSION "
        "PPROGRESS_VERSION PMANAGEMENT_VERSION PROXY_VERSION CAVECANARY_VERSION TOURGUIDE_VERSION"
    ),
    drop("ANNOTATION_UI_VERSION DASH2_VERSION", "upstream no longer deploys it"),
    together("AUTH_REPLICAS NGL_STATE_REPLICAS EMANNOTATIONSCHEMAS_REPLICAS"),
    drop("INFO_REPLICAS", "upstream's manifests ignore it"),
    together(" ".join(f"{name}_{end}_REPLICAS" for name in _SCALED for end in ("MIN", "MAX"))),
    together("CELERY_BEAT_REPLICAS"),
    together(
        "PYCG_MEM_GIB PYCG_MILLI_CPU PYCG_READ_MEM_GIB PYCG_READ_MILLI_CPU CELERY_CPU CELERY_MEMORY MAT_SERVICE_MEM"
    ),
    together("MAT_LOG_LEVEL"),
    drop("PYCG_MEM_MIB PYCG_READ_MEM_MIB", _COMPUTED),
    drop("MAT_TASKQUEUE_CPU MAT_TASKQUEUE_MEMORY", "its workload is dead code"),
    drop(
        "CELERY_ORCHESTRATION_WORKER_NAME CELERY_CONSUMER_WORKER_NAME CELERY_PRODUCER_WORKER_NAME",
        "workers name themselves",
    ),
    drop(
        "CONSUMER_QUEUE_NAME PRODUCER_QUEUE_NAME ORCHESTRATION_QUEUE_NAME",
        "the queues of the workflow have fixed names",
    ),
)

PROGRAMS: tuple[Row, ...] = (
    together("SUPPORTED_DATASTACKS MAT_DATASTACKS PCG_GRAPH_IDS MAT_HEALTH_ALIGNED_VOLUME_NAME GUIDEBOOK_DATASTACK"),
    together("SKELETON_INTEGRATION_TEST_SERVER SKELETON_INTEGRATION_TEST_DATASTACK__DEFAULT"),
    drop("MATERIALIZE_CRONJOB_SUSPENDED", "upstream's manifests ignore it"),
    keep("MIN_DATABASES", "materialization.databases.min", parse.integer),
    keep("MAX_DATABASES", "materialization.databases.max", parse.integer),
    with_("MAT_BEAT_SCHEDULES", add_schedules),
    keep("MERGE_MATERIALIZE_DATABASES", "materialization.merge_tables", parse.boolean),
    keep("LIMITS_QUERY_PER_MINUTE", "materialization.limits.query", parse.integer),
    keep("LIMITS_FAST_QUERY_PER_MINUTE", "materialization.limits.fast_query", parse.integer),
    drop("MAT_LIMITER_CATEGORIES LIMITER_URI SK_LIMITER_CATEGORIES", _COMPUTED),
    keep("LIMITS_SKELETON_REQUESTS_PER_MINUTE", "skeletoncache.limits.requests", parse.integer),
    keep("MAT_QUERY_LIMIT_SIZE", "materialization.query_limit", parse.integer),
    keep("CELERY_CONSUMER_CONCURRENCY", "materialization.workers.consumer_concurrency", parse.integer),
    keep("CELERY_PRODUCER_CONCURRENCY", "materialization.workers.producer_concurrency", parse.integer),
    keep_list("ANNOTATION_EXCLUDED_PERMISSION_GROUPS", "annotation.excluded_groups"),
    with_("PROXY_MAP", add_proxy_map),
    with_("L2CACHE_CONFIG", add_l2_tables),
    with_("SKELETON_DATASTACK_NAME_REMAPPING", add_remapping),
    keep("GUIDEBOOK_N_PARALLEL", "guidebook.parallel", parse.integer),
    with_("GUIDEBOOK_EXPECTED_RESOLUTION", add_resolution),
    keep("GUIDEBOOK_INVALIDATION_D", "guidebook.invalidation_distance", parse.numeric),
    together("GUIDEBOOK_ENABLE_L2CACHE"),
    with_("DASH_CONFIG", add_tables_of_dash),
    keep("PCG_CONFIG", "extra.env.PCG_CONFIG", str),
    keep("PCG_SERVER_ENABLE_LOGS", "pychunkedgraph.request_logs.enabled", parse.boolean),
    keep("PCG_SERVER_LOGS_LEAVES_MANY", "pychunkedgraph.request_logs.leaves_many", parse.boolean),
    keep("PMANAGEMENT_PROOFREADING_TABLE", "pmanagement.proofreading_table", parse.text),
    keep("PMANAGEMENT_NEURONINFORMATION_TABLE", "pmanagement.neuron_information_table", parse.text),
    keep("PMANAGEMENT_PROOFREADINGREVIEW_TABLE", "pmanagement.proofreading_review_table", parse.text),
    keep("PMANAGEMENT_PROOFREADINGREVIEW_TEST_TABLE", "pmanagement.proofreading_review_test_table", parse.text),
    keep("PMANAGEMENT_NEURONINFORMATION_TEST_TABLE", "pmanagement.neuron_information_test_table", parse.text),
    keep("PMANAGEMENT_DATASTORE_BUCKET_PATH", "pmanagement.datastore_bucket_path", parse.cloud_path),
    keep("TOURGUIDE_LOG_LEVEL", "tourguide.log_level", lambda text: text.upper()),
    keep("TOURGUIDE_NEUROGLANCER_URL", "tourguide.neuroglancer_url", parse.https_url),
    keep("TOURGUIDE_SERVER_ADDRESS", "tourguide.server_address", parse.https_url),
    with_("TOURGUIDE_TIMEOUT", add_timeout),
    keep("TOURGUIDE_TMP_DIR", "tourguide.tmp_dir", parse.text),
)

TABLE: Mapping[str, Row] = by_name(*PLACE, *STORES, *IDENTITIES, *SERVICES, *PROGRAMS)
"""Name of a variable to its row."""
