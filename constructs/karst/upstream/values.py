"""What the templates of upstream's settings and files may name, and what each of these values is.

`karst.derived.upstream_values` computes them for each workload. `secrets` are deferred: their values are filled in
where the file is written, never in synthesized JSON. A template that names anything else fails a test.
"""

from __future__ import annotations

from collections.abc import Mapping

VALUES: Mapping[str, str] = {
    "admins": "list of [e-mail, name, head of the laboratory]: people who administer from the first start",
    "auth_info": "body of /auth_info: login_url and supported_datastacks (karst.derived.mappings.auth_info)",
    "beat_schedules": "list of {name, task, minute, hour ...}: when materialization runs, in UTC",
    "bigtable": "project and instance of the tables",
    "buckets": "role of a shared bucket to its name, with a folder where it has one, without gs://",
    "canary": "datastacks that it tries, interval_s and annotations of a round",
    "cluster": "name of the cluster on which the workload runs",
    "dash_datastacks": "datastack to the applications that Dash shows for it",
    "databases": "role to user, host, port and name of a database, for the login of this workload",
    "datastacks": "names of the datastacks that are materialized, in order",
    "documents": "project of the document database",
    "excluded_groups": "groups whose members don't share tables by membership",
    "global_host": "host of the global services, without scheme",
    "graph_ids": "names of the graphs that may be served",
    "guidebook": "datastack, n_parallel, expected_resolution (x,y,z in nm), invalidation_d (micrometres), use_l2cache, "
    "show_path_tool",
    "health_database": "database of annotations that health checks of materialization read; empty where there is none",
    "host": "host of this deployment, without scheme",
    "l2_table_map": "graph to cv_path and l2cache_id (karst.derived.mappings.l2_table_map)",
    "limits": "materialization (query, fast_query) and skeletoncache (category to number): requests a minute",
    "log_level": "the least severe message that is logged: DEBUG, INFO, WARNING or ERROR",
    "materialization": "min_databases, max_databases, days_to_expire, lts_days_to_expire, query_limit, merge_tables, "
    "row_chunk_size, queue_length_limit, throttle, pool_size, max_overflow, producer_concurrency, consumer_concurrency",
    "name": "name of the deployment",
    "neuroglancer_url": "the viewer that pages link to",
    "pmanagement": "auth_dataset, proofreading_table and neuroninformation_table of Proofreading Management",
    "project": "the project of the deployment",
    "proxy_map": "datastack to the URL that Proxy Map reads",
    "redis": "role (broker, cache, global) to host and port, of the instances that the deployment has",
    "request_logs": "enabled and leaves_many: what of the requests to the graph is recorded",
    "secrets": "name of a secret that the workload has to its value, which is filled in where the workload runs",
    "services": "list of {name, description, url}: what the front page shows",
    "skeleton_remapping": "datastack to the name under which its skeletons are kept",
    "skeleton_test": "server (a URL) and datastack that the test of skeletons asks for",
    "slack_channel": "where the canary speaks; empty for nowhere",
    "sql_instance": "name of the SQL instance, for exports",
    "state_table": "kind of the shared links in the document database",
    "subscriptions": "role to the full name of a subscription",
    "topics": "role to the full name of a topic",
    "tourguide": "server_address, neuroglancer_url, log_level, timeout_s, tmp_dir",
    "urls": "service that the workload calls to its scheme and host: inside the cluster where it runs there",
    "zone": "zone of the cluster",
}
"""Name to meaning. `secrets` differs from workload to workload, and `databases` holds those that it declares."""
