"""What examples leave out: a deployment with everything switched on, and services of ours of every shape."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml

import main
from karst.config.service_runtime import ImageOrigin
from tests.derived.workers import deployment
from tests.examples import ENVIRONMENTS, ExampleStack
from tests.synthesis.running import WEB, WORKER, apps, workload
from tests.synthesis.support import copy_environment, synthesized

NAME = "whole"
_CLUSTER = {
    "regional": True,
    "release_channel": "REGULAR",
    "authorized_networks": [{"name": "vpn", "cidr": "203.0.113.0/27"}],
    "binary_authorization": True,
    "security_group": "gke-security-groups@example.org",
}
_NETWORK = {"nat_addresses": ["whole-nat-a", "whole-nat-b"]}
_GENERATIONS = {
    "blue": {"state": "active", "control_plane": "172.16.0.0/28"},
    "green": {"state": "standby", "control_plane": "172.16.0.16/28"},
}
_OPTIONS: dict[str, object] = {
    "tier": "prod",
    "generations": _GENERATIONS,
    "edge": {
        "weights": {"blue": 60, "green": 40},
        "allowed": ["198.51.100.0/25"],
        "trusted": ["203.0.113.10/32", "203.0.113.11/32"],
    },
    "bigtable": {"scaling": {}},
    "firestore": {"state": {"database": "(default)"}},
    "budget": {"billing_account": "012345-6789AB-CDEF01", "monthly": 100},
    "state": {"bucket": "whole-karst-state"},
    "canary": {"datastack": "tiny", "slack": {"token": "secret:slack-token", "channel": "#alerts"}},
    "guidebook": {"datastack": "tiny"},
    "pmanagement": {"auth_dataset": "tiny"},
    "proxy": {"map": {"images": "https://images.example.org/"}},
    "skeletoncache": {"integration_test": {"server": "https://whole.demo.example.org", "datastack": "tiny"}},
    "redis": {
        role: {"manage": "existing", "name": f"old-{role}", "address": f"10.144.3.{place}"}
        for place, role in enumerate(("broker", "cache", "global"), start=3)
    },
}
_QUEUE = {"scaling": {"min_replicas": 0, "max_replicas": 5, "signal": "queue", "target": 2, "queue": "process"}}


@cache
def everything() -> dict[str, ExampleStack]:
    """All kinds, every service, two generations and every option that adds a resource; upstream's images throughout."""
    gcp = yaml.safe_load((ENVIRONMENTS / "demo" / "deployment.yaml").read_text(encoding="utf-8"))["gcp"]
    with TemporaryDirectory() as folder:
        options = _OPTIONS | {"gcp": gcp | {"cluster": _CLUSTER, "network": _NETWORK}, "services": _all_services()}
        copy_environment(Path(folder), "demo", NAME, **options)
        return synthesized(Path(folder))


@cache
def ours() -> ExampleStack:
    """A generation in which a service of ours has every shape that a process can have."""
    engine = workload(
        "engine",
        processes={
            "web": WEB,
            "beat": {**WORKER, "is_scheduler": True, "scaling": {"min_replicas": 1, "max_replicas": 1}},
            "queue": {**WORKER, "command": ["celery", "worker", "-Q", "process"], **_QUEUE},
            "nightly": {**WORKER, "schedule": "0 3 * * *"},
        },
        stores={
            "cache": [{"name": "broker", "access": "write"}],
            "relational": [{"name": "info", "access": "write"}],
        },
        migrations={"command": ["karst-engine-migrate"], "database": "info", "timeout_s": 120},
        secrets={"KARST_SESSION_KEY": {"description": "Signs sessions", "is_generated": True}},
        calls=["info"],
    )
    return apps(deployment(name="ours"), [engine, workload("info")])


def _all_services() -> dict[str, object]:
    catalog = main.load_catalog()
    images = {
        name: {"image": {"source": "upstream", "version": service.image.version}}
        for name, service in catalog.upstream.items()
        if service.image.source is ImageOrigin.UPSTREAM and name not in catalog.ours
    }
    return {name: {"enabled": True, **images.get(name, {})} for name in {*catalog.upstream, *catalog.ours}}
