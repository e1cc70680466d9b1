"""Values as a deployment would give them, with a password that breaks careless templates."""

from __future__ import annotations

NASTY = """p'w"d\\%@:/?#[]{{ x }} {% y %} ü\\n"""


def _database(name: str) -> dict[str, object]:
    return {"user": "karst-svc", "host": "sql.internal", "port": 5432, "name": name}


def values(secrets: dict[str, str] | None = None) -> dict[str, object]:
    """Every value of `karst.upstream.values.VALUES`."""
    return {
        "admins": [["ada@example.org", "Ada Admin", NASTY]],
        "auth_info": {"login_url": "https://global.example.org/sticky_auth", "supported_datastacks": ["minnie"]},
        "beat_schedules": [{"name": NASTY, "minute": 10, "hour": [8, 9], "task": "run_daily_periodic_materialization"}],
        "bigtable": {"project": "data-project", "instance": "pychunkedgraph"},
        "buckets": {"dump": "lab-dump", "nglstate": "lab-nglstate", "skeleton": "lab-skeleton", "upload": "lab-upload"},
        "canary": {"datastacks": ["minnie", "fly"], "interval_s": 60, "annotations": 1000},
        "cluster": "lab-blue",
        "dash_datastacks": {"minnie": {"connectivity": {"config": {"title": NASTY}}}},
        "databases": {"auth": _database("authentication"), "info": _database("info"), "annotation": _database("anno")},
        "datastacks": ["minnie", "fly"],
        "documents": "lab-project",
        "excluded_groups": ["default"],
        "global_host": "global.example.org",
        "graph_ids": ["minnie_v1", "fly_v31"],
        "guidebook": {
            "datastack": "minnie",
            "n_parallel": 1,
            "expected_resolution": "4,4,40",
            "invalidation_d": 3,
            "use_l2cache": True,
            "show_path_tool": False,
        },
        "health_database": "minnie",
        "host": "local.example.org",
        "l2_table_map": {"minnie_v1": {"cv_path": NASTY, "l2cache_id": "l2cache_minnie"}},
        "limits": {"materialization": {"query": "300/minute"}, "skeletoncache": {"query_cache": "100/minute"}},
        "log_level": "ERROR",
        "materialization": {
            "min_databases": 1,
            "max_databases": 3,
            "days_to_expire": 7,
            "lts_days_to_expire": 30,
            "query_limit": 500000,
            "merge_tables": False,
            "row_chunk_size": 500,
            "queue_length_limit": 10000,
            "throttle": True,
            "pool_size": 5,
            "max_overflow": 5,
            "producer_concurrency": 2,
            "consumer_concurrency": 2,
        },
        "name": "lab",
        "neuroglancer_url": "https://viewer.example.org",
        "pmanagement": {"auth_dataset": "fly", "proofreading_table": "proofread", "neuroninformation_table": "neurons"},
        "project": "lab-project",
        "proxy_map": {"minnie": NASTY},
        "redis": {role: {"host": f"{role}.redis.internal", "port": 6379} for role in ("broker", "cache", "global")},
        "request_logs": {"enabled": True, "leaves_many": False},
        "secrets": secrets or {},
        "services": [{"name": "<info>", "description": "Knows datastacks", "url": "https://local.example.org/info"}],
        "skeleton_remapping": {"minnie": NASTY},
        "skeleton_test": {"server": "https://global.example.org", "datastack": "minnie"},
        "slack_channel": "#canary",
        "sql_instance": "lab-sql",
        "state_table": "neuroglancerjsondb",
        "subscriptions": {
            role: f"lab_{role}"
            for role in (
                "remesh-high",
                "remesh-low",
                "l2cache",
                "l2cache-high",
                "l2cache-low",
                "skeletons-high",
                "skeletons-low",
                "skeletons-dead",
            )
        },
        "topics": {role: f"lab_{role}" for role in ("edits", "l2cache", "skeletons-high", "skeletons-low")},
        "tourguide": {
            "server_address": "https://global.example.org",
            "neuroglancer_url": "https://viewer.example.org",
            "log_level": "INFO",
            "timeout_s": 300,
            "tmp_dir": "/tmp",
        },
        "urls": {"pychunkedgraph-read": "http://pychunkedgraph-read.lab-blue-upstream.svc.cluster.local"},
        "zone": "us-east4-a",
    }
