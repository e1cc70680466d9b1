"""What the templates of upstream's settings and files may name, computed for one workload of one generation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from karst.blueprint import Blueprint
from karst.cluster_names import ClusterNames, main_process
from karst.config.buckets import Bucket, Buckets
from karst.config.deployment import Deployment
from karst.config.programs import SkeletonLimits
from karst.config.service_needs import Scope
from karst.config.service_runtime import Runtime
from karst.derived.beat_schedules import beat_schedules, materialized, materialized_datastacks
from karst.derived.listed_services import listed_services
from karst.derived.mappings import active, auth_info, graph_ids, l2_table_map
from karst.derived.messages import SUBSCRIPTIONS, TOPICS
from karst.derived.redis import redis_access, redis_roles
from karst.derived.secrets import places
from karst.derived.sql_login import sql_login
from karst.derived.workloads import Workload
from karst.naming import Names
from karst.upstream.deferred import secret

_SQL_PORT = 5432
_LOG_LEVEL = "ERROR"


def upstream_values(blueprint: Blueprint, generation: str, workload: Workload) -> dict[str, object]:
    """Every value of `karst.upstream.values.VALUES`; secrets are deferred, none is read."""
    deployment, names = blueprint.deployment, blueprint.names
    return {
        **_places(deployment, generation),
        **_datasets(blueprint),
        **_programs(blueprint),
        "buckets": _buckets(names),
        "databases": _databases(deployment, workload),
        "limits": _limits(deployment),
        "log_level": workload.choice.log_level or _LOG_LEVEL,
        "materialization": _materialization(deployment),
        "redis": _redis(deployment),
        "secrets": {variable: secret(variable) for variable in places(deployment, workload)},
        "services": list(listed_services(deployment, blueprint.workloads)),
        "subscriptions": {role: names.topic(queue.suffix) for role, queue in SUBSCRIPTIONS.items()},
        "topics": {role: names.topic(suffix) for role, suffix in TOPICS.items()},
        "urls": urls(blueprint, generation, workload),
    }


def urls(blueprint: Blueprint, generation: str, workload: Workload) -> dict[str, str]:
    """Service that a workload calls to the scheme and host at which it reaches it; the network lets it reach no other.

    In the same cluster by its own name, without leaving it; else at the public host, of the global services where this
    deployment does not run it.
    """
    deployment, cluster = blueprint.deployment, ClusterNames(of=blueprint.deployment, generation=generation)
    running = {other.name: other for other in blueprint.workloads}
    found: dict[str, str] = {}
    for name in sorted(workload.service.calls):
        other = running.get(name)
        if other is None:
            found[name] = f"https://{deployment.global_host or deployment.host}"
        elif other.runtime is Runtime.GKE and other.service.listening:
            found[name] = f"http://{cluster.host(other, main_process(other))}"
        else:
            found[name] = f"https://{deployment.host}"
    return found


def _places(deployment: Deployment, generation: str) -> dict[str, object]:
    names = Names(deployment)
    return {
        "bigtable": {"project": names.bigtable_project, "instance": deployment.bigtable.instance},
        "cluster": names.cluster(generation),
        "documents": deployment.gcp.project,
        "global_host": deployment.global_host or deployment.host,
        "host": deployment.host,
        "name": deployment.name,
        "neuroglancer_url": deployment.viewer.url,
        "project": deployment.gcp.project,
        "sql_instance": names.sql_instance,
        "zone": deployment.gcp.zone,
    }


def _datasets(blueprint: Blueprint) -> dict[str, object]:
    deployment, datasets = blueprint.deployment, blueprint.live_datasets
    stacks = materialized_datastacks(deployment.materialization, datasets)
    chosen = deployment.canary.datastack
    canary = deployment.canary
    return {
        "auth_info": auth_info(deployment, datasets),
        "beat_schedules": list(beat_schedules(deployment.materialization, datasets)),
        "canary": {
            "datastacks": [chosen] if chosen else list(stacks),
            "interval_s": canary.interval_s,
            "annotations": canary.annotations,
        },
        "datastacks": list(stacks),
        "graph_ids": list(graph_ids(deployment, datasets)),
        "health_database": next(map(blueprint.names.sql_database, materialized(datasets)), ""),
        "l2_table_map": l2_table_map(deployment, datasets),
        "slack_channel": canary.slack.channel if canary.slack else "",
    }


def _programs(blueprint: Blueprint) -> dict[str, object]:
    deployment, datasets = blueprint.deployment, active(blueprint.live_datasets)
    first_stack = next((stack for dataset in datasets for stack in sorted(dataset.datastacks)), "")
    guidebook, tourguide, management = deployment.guidebook, deployment.tourguide, deployment.pmanagement
    test = deployment.skeletoncache.integration_test
    global_url = f"https://{deployment.global_host or deployment.host}"
    return {
        "admins": [[admin.email, admin.name, admin.pi] for admin in deployment.auth.admins],
        "dash_datastacks": {stack: dict(options) for stack, options in sorted(deployment.dash.datastacks.items())},
        "excluded_groups": list(deployment.annotation.excluded_groups),
        "guidebook": {
            "datastack": guidebook.datastack or first_stack,
            "n_parallel": guidebook.parallel,
            "expected_resolution": ",".join(f"{size:g}" for size in guidebook.expected_resolution),
            "invalidation_d": f"{guidebook.invalidation_distance:g}",
            "use_l2cache": guidebook.use_l2cache,
            "show_path_tool": guidebook.show_path_tool,
        },
        "pmanagement": {
            "auth_dataset": management.auth_dataset or next((dataset.auth_dataset for dataset in datasets), ""),
            "proofreading_table": management.proofreading_table or "",
            "neuroninformation_table": management.neuron_information_table or "",
        },
        "proxy_map": dict(sorted(deployment.proxy.map.items())),
        "request_logs": deployment.pychunkedgraph.request_logs.model_dump(),
        "skeleton_remapping": dict(sorted(deployment.skeletoncache.datastack_remapping.items())),
        "skeleton_test": {
            "server": test.server if test else global_url,
            "datastack": test.datastack if test else first_stack,
        },
        "state_table": deployment.nglstate.table,
        "tourguide": {
            "server_address": tourguide.server_address or global_url,
            "neuroglancer_url": tourguide.neuroglancer_url or deployment.viewer.url,
            "log_level": tourguide.log_level,
            "timeout_s": tourguide.timeout_s,
            "tmp_dir": tourguide.tmp_dir,
        },
    }


def _buckets(names: Names) -> dict[str, str]:
    settings = {role: getattr(names.of.buckets, role) for role in Buckets.model_fields}
    declared = {role: bucket for role, bucket in settings.items() if isinstance(bucket, Bucket)}
    return {role: "/".join(filter(None, (names.bucket(role), bucket.path))) for role, bucket in declared.items()}


def _databases(deployment: Deployment, workload: Workload) -> dict[str, Mapping[str, object]]:
    named = deployment.sql.databases.model_dump()
    login = {"user": sql_login(deployment, workload), "host": Names(deployment).sql_host, "port": _SQL_PORT}
    uses = workload.service.stores.relational
    return {use.name: {**login, "name": named[use.name]} for use in uses if use.scope is Scope.DEPLOYMENT}


def _redis(deployment: Deployment) -> dict[str, Mapping[str, object]]:
    found = {role: redis_access(deployment, role) for role in redis_roles(deployment.kinds)}
    return {role: {"host": access.host, "port": access.port} for role, access in found.items()}


def _limits(deployment: Deployment) -> dict[str, Mapping[str, str]]:
    materialization = deployment.materialization.limits
    return {
        "materialization": _a_minute({"query": materialization.query, "fast_query": materialization.fast_query}),
        "skeletoncache": _a_minute(dict(_skeleton_limits(deployment.skeletoncache.limits))),
    }


def _skeleton_limits(limits: SkeletonLimits) -> Iterable[tuple[str, int]]:
    """Upstream's categories of requests, a limit each."""
    yield from ((name, limits.requests) for name in ("get_refusal_list", "query_cache", "skeleton_exists"))
    for way in ("get_skeleton", "get_skeleton_via_msg"):
        yield f"{way}_that_exists", limits.existing
        yield f"{way}_that_doesnt_exist", limits.missing
    bulk = ("get_skeletons_bulk", "get_skeletons_bulk_async", "get_cached_skeletons_bulk", "get_skeleton_token_bulk")
    yield from ((name, limits.bulk) for name in bulk)


def _a_minute(limits: Mapping[str, int]) -> dict[str, str]:
    return {category: f"{number}/minute" for category, number in limits.items()}


def _materialization(deployment: Deployment) -> dict[str, object]:
    settings = deployment.materialization
    return {
        "min_databases": settings.databases.min,
        "max_databases": settings.databases.max,
        "days_to_expire": settings.days_to_expire,
        "lts_days_to_expire": settings.long_term_days_to_expire,
        "query_limit": settings.query_limit,
        "merge_tables": settings.merge_tables,
        "row_chunk_size": settings.workers.row_chunk_size,
        "queue_length_limit": settings.workers.queue_length_limit,
        "throttle": settings.workers.throttle,
        "pool_size": settings.connection_pool_size,
        "max_overflow": settings.connection_overflow,
        "producer_concurrency": settings.workers.producer_concurrency,
        "consumer_concurrency": settings.workers.consumer_concurrency,
    }
