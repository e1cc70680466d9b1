"""Every input of terraform-google-cave's modules for local deployments, and what becomes of it.

Two names count there: the environment (`api`), which outlives clusters and names what holds data, and the prefix of one
cluster (`apiv1`), which names topics, subscriptions, accounts and the broker.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from karst.adoption import parse
from karst.adoption.draft import Draft
from karst.adoption.existing import keep_account
from karst.adoption.hosts import add_contact, add_extra_hosts, add_global_host, own_host
from karst.adoption.programs import data_of
from karst.adoption.rows import Row, by_name, drop, keep, parsed, together, with_
from karst.adoption.secrets import add_management_token, hide, name_of, reference_to, store
from karst.adoption.unsettled import add_pools
from karst.adoption.values import Environment

_POOLS = ("standard", "lightweight", "core", "mesh")
_OWNER = "na"
_WORKSPACE = "default"
_HERE = "Karst's own rules hold"
_ACCOUNTS: Mapping[str, tuple[str, str]] = {
    "pychunkedgraph": ("pychunkedgraph", ""),
    "skeletoncache": ("skeleton", f"-{_WORKSPACE}"),
    "annotationengine": ("annotation", f"-{_WORKSPACE}"),
    "pmanagement": ("pmanagement", f"-{_WORKSPACE}"),
}
"""Service to the beginning and the end of its account's name; the prefix of the cluster stands between."""


def is_terraform(environment: Environment) -> bool:
    """Whether these are inputs of Terraform rather than variables of the shell."""
    names = environment.variables.keys()
    return "PROJECT_NAME" not in names and bool(names & {"project_id", "domain_name", "dns_zone", "environment"})


def _machine(draft: Draft, name: str) -> None:
    key = next(key for key in _POOLS if key in name)
    if isinstance(kind := parsed(draft, name, parse.text), str):
        draft.put(("gcp", "pools", key, "machine_type"), kind, name)


def _most_nodes(draft: Draft, name: str) -> None:
    key = next(key for key in _POOLS if key in name)
    if isinstance(number := parsed(draft, name, parse.integer), int):
        draft.put(("gcp", "pools", key, "max_nodes"), number, name)


def _public_skeletons(draft: Draft, name: str) -> None:
    if parsed(draft, name, parse.boolean) is True:
        draft.warn(name, "The bucket of skeletons is open to everybody. It exists, so that stays as it is.")
    draft.drop(name, "the bucket exists and is used as it is")


def _owner(draft: Draft, name: str) -> None:
    label = re.sub(r"[^a-z0-9_-]+", "-", (draft.text(name) or "").lower())[:63]
    draft.put(("labels", "owner"), label, name)


def _token_secret(draft: Draft, name: str) -> None:
    held = parsed(draft, name, parse.text)
    if isinstance(held, str):
        _hide_token(draft, name, held)


def _hide_token(draft: Draft, name: str, held: str) -> None:
    """Upstream's secret holds a JSON file; ours holds the token in it."""
    reference = reference_to(draft, "service-token")
    draft.put(("secrets", "service_token"), reference)
    source = f"gcloud secrets versions access latest --secret={re.sub(r'[^A-Za-z0-9_-]+', '', held)} | jq -j .token"
    draft.hide(
        name,
        meaning="The token with which services speak to auth and info goes on being used. Upstream's secret holds it "
        "in a JSON file.",
        reference=reference,
        command=store(draft, "service-token", source=source),
    )


def _names(*patterns: str) -> str:
    return " ".join(pattern.format(pool) for pattern in patterns for pool in _POOLS)


INPUTS: Mapping[str, Row] = by_name(
    together("environment local_environment_name cluster_prefix local_cluster_prefix"),
    keep("project_id", "gcp.project", parse.text),
    keep("region", "gcp.region", parse.text),
    keep("zone", "gcp.zone", parse.text),
    keep("dns_zone", "dns.zone", parse.text),
    keep("domain_name", "dns.domain", parse.host),
    together("dns_entries global_server vpc_name_override pcg_redis_name_override"),
    with_("letsencrypt_email", add_contact),
    keep("letsencrypt_server", "tls.server", parse.https_url),
    keep("letsencrypt_issuer_name", "tls.issuer", parse.text),
    keep("docker_registry", "images.registry", parse.text),
    keep("sql_instance_name", "sql.instance", parse.text),
    keep("local_sql_instance_name", "sql.instance", parse.text),
    keep("sql_instance_cpu", "sql.cpu", parse.integer),
    keep("sql_instance_memory_gb", "sql.memory_gb", parse.integer),
    keep("postgres_version", "sql.version", parse.text),
    keep("sql_work_mem_mb", "sql.flags.work_mem_mb", parse.integer),
    keep("sql_temp_file_limit_gb", "sql.flags.temp_file_limit_gb", parse.integer),
    keep("sql_maintenance_work_mem_gb", "sql.flags.maintenance_work_mem_gb", parse.numeric),
    keep("sql_max_connections", "sql.flags.max_connections", parse.integer),
    keep("postgres_write_user", "sql.user", parse.text),
    hide(
        "postgres_password",
        "postgres-password",
        (("sql", "password"),),
        "The password of the old owner of the databases. Services get logins of their own.",
    ),
    hide(
        "postgres_write_user_password",
        "postgres-password",
        (("sql", "password"),),
        "The password of the old owner of the databases. Services get logins of their own.",
    ),
    drop("temp_file_limit work_mem max_parallel_maintenance_workers", "upstream's modules declare it and never use it"),
    keep("pcg_redis_memory_size_gb", "redis.cache.memory_gb", parse.integer),
    keep("redis_version", "redis.cache.version", parse.text),
    keep("bigtable_instance_name", "bigtable.instance", parse.text),
    keep("bigtable_google_project", "bigtable.project", parse.text),
    keep("pcg_bucket_name", "buckets.pcg", parse.bucket),
    keep("skeleton_cache_cloudpath", "buckets.skeleton", parse.bucket),
    keep("skeleton_cache_bucket_name", "buckets.skeleton", parse.bucket),
    keep("materialization_dump_bucket_path", "buckets.dump", parse.bucket),
    keep("materialization_dump_bucket_name", "buckets.dump", parse.bucket),
    keep("materialization_upload_bucket_path", "buckets.upload", parse.bucket),
    keep("materialization_upload_bucket_name", "buckets.upload", parse.bucket),
    with_("skeleton_cache_public_read", _public_skeletons),
    drop(
        "skeleton_cache_uniform_bucket_level_access materialization_dump_uniform_bucket_level_access "
        "materialization_upload_uniform_bucket_level_access materialization_dump_bucket_uniform_bucket_level_access "
        "materialization_upload_bucket_uniform_bucket_level_access skeleton_cache_bucket_uniform_bucket_level_access "
        "uniform_bucket_level_access materialization_dump_bucket_public_access_prevention",
        "the buckets exist and are used as they are",
    ),
    together("mat_health_aligned_volume_name health_aligned_volume_name materialization_health_aligned_volume_name"),
    with_("owner", _owner),
    drop("gcp_user_account", "nobody is administrator of the cluster by name"),
    keep("state_bucket", "state.bucket", parse.text),
    with_("cave_secret_name", _token_secret),
    drop("deletion_protection", "what holds data is always protected"),
    keep("enable_vertical_pod_autoscaling", "gcp.cluster.vertical_pod_autoscaling", parse.boolean),
    drop("helm_config_dir helm_terraform_state_url", "no files are written for helmfile"),
    drop(
        "workload_identity_kubernetes_sa_name workload_identity_kubernetes_namespace",
        "each workload has an account of its own",
    ),
    drop(
        "cluster_name kubernetes_cluster_name kubernetes_cluster_ca_certificate kubernetes_endpoint cluster_ip", _HERE
    ),
    *(with_(name, _machine) for name in _names("{}_machine_type", "machine_type_{}", "{}_pool_machine_type").split()),
    *(with_(name, _most_nodes) for name in _names("max_nodes_{}", "{}_max_nodes", "max_nodes_{}_pool").split()),
)
"""Name of an input to its row."""


def add_inputs(draft: Draft) -> None:
    """What inputs mean together: names that upstream's modules make out of owner, environment and prefix."""
    prefix_name = next((name for name in ("cluster_prefix", "local_cluster_prefix") if draft.text(name)), None)
    prefix = draft.text(prefix_name) if prefix_name else None
    if prefix is None:
        prefix = f"{name_of(draft)}v1"
        draft.ask(
            "pubsub.prefix", "The prefix of the running cluster: topics, the broker and accounts are called after it."
        )
    told = (prefix_name,) if prefix_name else ()
    owner = draft.text("owner") or _OWNER
    draft.put(("pubsub", "prefix"), prefix, *told)
    draft.put(("gcp", "cluster", "name"), f"{prefix}-cave", *told)
    _add_names(draft, owner, prefix)
    _add_hosts(draft, prefix)
    draft.put(("images", "fallback"), "upstream")
    add_pools(draft)
    add_global_host(draft, "global_server")
    _add_secrets(draft)
    for service, (start, end) in _ACCOUNTS.items():
        keep_account(draft, "cluster_prefix", service, f"{start}-{prefix}{end}")
    draft.ask(
        "services",
        "Versions and numbers of copies stand in the files of helmfile, which are not read. Write services: {NAME: "
        "{image: {source: upstream, version: ...}}}; until then the versions of Karst's declarations hold.",
    )
    draft.ask("datasets", "Datastacks and graphs stand in the files of helmfile. Write a file for each aligned volume.")


def _add_names(draft: Draft, owner: str, prefix: str) -> None:
    environment = draft.text("environment") or name_of(draft)
    network = draft.text("vpc_name_override") or f"{owner}-{environment}-vpc"
    draft.put(("gcp", "network", "name"), network, *_told(draft, "vpc_name_override"))
    draft.put(("gcp", "network", "subnet"), f"{network}-sub")
    cache = draft.text("pcg_redis_name_override") or f"{owner}-{environment}-pcg-redis"
    draft.put(("redis", "cache", "name"), cache, *_told(draft, "pcg_redis_name_override"))
    draft.put(("redis", "broker", "name"), f"{prefix}-mat-redis")
    for key, value in {"cpu": 4, "memory_gb": 16}.items():
        # What upstream's modules take where nobody says anything.
        if draft.get(("sql", key)) is None:
            draft.put(("sql", key), value)
    if draft.get(("sql", "instance")) is None:
        draft.put(("sql", "instance"), f"cave-{environment}")
    defaults = {"skeleton": "skeleton-cache", "dump": "materialization-dump", "upload": "materialization-upload"}
    for role, end in defaults.items():
        if draft.get(("buckets", role, "name")) is None:
            draft.put(("buckets", role, "name"), f"{owner}-{environment}-{end}".lower().replace("_", "-"))
    for name in ("L2CACHE_HIGH_PRIORITY_TRIGGER", "L2CACHE_LOW_PRIORITY_TRIGGER"):
        draft.warn(
            f"{prefix}_{_WORKSPACE}_{name}",
            f"Upstream puts the workspace into the name of this subscription. Karst makes {prefix}_{name} beside it; "
            "delete the old one when it is empty.",
        )


def _add_hosts(draft: Draft, prefix: str) -> None:
    """The host of the cluster, and the aliases that outlive it."""
    entries = data_of(draft, "dns_entries") if draft.variable("dns_entries") else None
    pairs: dict[str, str | None] = {}
    for entry in entries.values() if isinstance(entries, dict) else ():
        host = entry.get("domain_name") if isinstance(entry, dict) else None
        zone = entry.get("zone") if isinstance(entry, dict) else None
        if isinstance(host, str):
            pairs[parse.host(host)] = zone if isinstance(zone, str) else None
    pairs.setdefault(f"{prefix}.{draft.get(('dns', 'domain'))}", None)
    pairs.pop(own_host(draft), None)
    add_extra_hosts(draft, pairs, ("dns_entries",) if draft.variable("dns_entries") else ())


def _add_secrets(draft: Draft) -> None:
    if not draft.text("cave_secret_name"):
        held = f"{draft.text('environment') or name_of(draft)}-cave-token"
        _hide_token(draft, held, held)
    add_management_token(draft, None)
    if draft.get(("sql", "password")) is None:
        reference = reference_to(draft, "postgres-password")
        held = f"{draft.text('environment') or name_of(draft)}-postgres-credentials"
        draft.put(("sql", "password"), reference)
        draft.hide(
            held,
            meaning="User and password of the databases' old owner, in a secret that exists already.",
            reference=reference,
            command=store(
                draft,
                "postgres-password",
                source=f"gcloud secrets versions access latest --secret={held} | jq -j .password",
            ),
        )


def _told(draft: Draft, name: str) -> tuple[str, ...]:
    return (name,) if draft.text(name) else ()
