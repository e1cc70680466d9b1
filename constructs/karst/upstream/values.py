"""What the templates of upstream's settings and files may name, and what each of these values is.

The stack of the applications computes them for each workload; `secrets` is filled where the file is written, never in
synthesized JSON. A template that names anything else fails a test.
"""

from __future__ import annotations

from collections.abc import Mapping

VALUES: Mapping[str, str] = {
    "admins": "list of [e-mail, name, head of the laboratory]: people who administer from the first start",
    "auth_info": "body of /auth_info: login_url and supported_datastacks (karst.derived.mappings.auth_info)",
    "beat_schedules": "list of {name, minute, hour, day_of_week, day_of_month, task}: when materialization runs",
    "bigtable": "project and instance of the tables",
    "buckets": "role of a shared bucket to its name, with a folder where it has one, without gs://",
    "cluster": "name of the cluster on which the workload runs",
    "dash_datastacks": "datastack to the applications that Dash shows for it",
    "databases": "role to user, host, port and name of a database, for the login of this workload",
    "datastacks": "names of the datastacks, in order",
    "documents": "project of the document database",
    "excluded_groups": "groups whose members don't share tables by membership",
    "global_host": "host of the global services, without scheme",
    "graph_ids": "names of the graphs that may be served",
    "guidebook": "datastack, n_parallel, expected_resolution (x,y,z in nm) and invalidation_d of Guidebook",
    "host": "host of this deployment, without scheme",
    "l2_table_map": "graph to cv_path and l2cache_id (karst.derived.mappings.l2_table_map)",
    "limits": "materialization (query, fast_query) and skeletoncache (category to number): requests a minute",
    "materialization": "min_databases, max_databases, query_limit and merge_tables",
    "name": "name of the deployment",
    "neuroglancer_url": "the viewer that pages link to",
    "pmanagement": "auth_dataset, proofreading_table and neuroninformation_table of Proofreading Management",
    "project": "the project of the deployment",
    "proxy_map": "datastack to the URL that Proxy Map reads",
    "redis": "role (broker, cache, global) to host and port",
    "request_logs": "enabled and leaves_many: what of the requests to the graph is recorded",
    "secrets": "name of a declared secret to its value",
    "services": "list of {name, description, url}: what the front page shows",
    "skeleton_remapping": "datastack to the name under which its skeletons are kept",
    "slack_channel": "where the canary speaks",
    "sql_instance": "name of the SQL instance, for exports",
    "state_table": "kind of the shared links in the document database",
    "subscriptions": "role to the full name of a subscription",
    "topics": "role to the full name of a topic",
    "zone": "zone of the cluster",
}
"""Name to meaning. `secrets` differs from workload to workload, and `databases` holds those that it declares."""
