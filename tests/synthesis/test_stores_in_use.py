"""Foundation makes the queues that somebody reads, and knows where existing databases and caches answer."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from karst.config.rules.services import UPSTREAM
from karst.config.service import load_services
from karst.derived.connections import connections
from karst.derived.workloads import Catalog, workloads
from tests.derived.workers import deployment
from tests.examples import ExampleStack
from tests.synthesis.running import foundation, workload
from tests.synthesis.support import bodies

CATALOG = Catalog(ours={}, tags={}, upstream=load_services(UPSTREAM))
LEVEL_2 = ("pcgl2cache", "pcgl2cache-worker", "pcgl2cache-highpriority-worker", "pcgl2cache-lowpriority-worker")
SKELETONS = tuple(sorted(name for name in CATALOG.upstream if name.startswith("skeletoncache")))
MESHES = ("meshworker", "remeshworker")
REMESH = {"api_PCG_HIGH_PRIORITY_REMESH", "api_PCG_LOW_PRIORITY_REMESH"}
STATISTICS = {"api_L2CACHE_HIGH_PRIORITY_TRIGGER", "api_L2CACHE_LOW_PRIORITY_TRIGGER", "api_L2CACHE_WORKER"}
LAID_ASIDE = {"api_DEAD_LETTER_HOLD"}
OF_SKELETONS = {f"api_SKELETON_CACHE_WORKER_{queue}" for queue in ("HIGH_PRIORITY", "LOW_PRIORITY", "DEAD_LETTER")}
EXISTING = {
    "sql": {"manage": "existing", "instance": "old-sql", "address": "10.144.0.5"},
    "redis": {"cache": {"manage": "existing", "address": "10.196.52.3"}, "broker": {"manage": "existing"}},
}


def without(*services: str) -> ExampleStack:
    """Foundation of a deployment that runs upstream's images, these ones turned off."""
    chosen = {name: {"enabled": False} for name in services}
    emails = {"emails": ["ops@example.org"]}
    settings = deployment(images={"fallback": "upstream"}, services=chosen, alerts=emails)
    return foundation(settings, workloads(settings, CATALOG))


def names(stack: ExampleStack, kind: str) -> set[str]:
    return {body["name"] for body in bodies([stack], kind)}


@pytest.mark.parametrize(
    ("off", "topics", "queues"),
    [
        ((), {"PCG_EDIT", "L2CACHE"}, REMESH | STATISTICS | OF_SKELETONS | LAID_ASIDE),
        (LEVEL_2, {"PCG_EDIT"}, REMESH | OF_SKELETONS | LAID_ASIDE),
        (MESHES, {"PCG_EDIT", "L2CACHE"}, STATISTICS | OF_SKELETONS | LAID_ASIDE),
        (SKELETONS, {"PCG_EDIT", "L2CACHE"}, REMESH | STATISTICS | LAID_ASIDE),
        (tuple(CATALOG.upstream), set[str](), set[str]()),
    ],
    ids=["everything", "no statistics", "no meshes", "no skeletons", "nothing"],
)
def test_queues_are_those_that_somebody_reads(off: tuple[str, ...], topics: set[str], queues: set[str]) -> None:
    stack = without(*off)
    assert names(stack, "google_pubsub_subscription") == queues
    made = names(stack, "google_pubsub_topic")
    assert {name for name in made if "SKELETON" not in name and "DEAD" not in name} == {f"api_{one}" for one in topics}
    filters = {
        one["conditions"][0]["condition_threshold"]["filter"]
        for one in bodies([stack], "google_monitoring_alert_policy")
    }
    watched = {queue for queue in OF_SKELETONS | LAID_ASIDE if any(f'"{queue}"' in text for text in filters)}
    assert watched == {queue for queue in queues if "DEAD" in queue}


def test_a_queue_bears_its_readers_name_unless_told() -> None:
    reader = workload("remesh-high", stores={"messages": [{"topic": "edits", "direction": "subscribe"}]})
    (grant,) = [
        one
        for one in bodies([foundation(deployment(), [reader])], "google_pubsub_subscription_iam_member")
        if "remesh-high@" in one["member"]
    ]
    assert grant["subscription"] == "api_PCG_HIGH_PRIORITY_REMESH"


def test_a_topic_that_does_not_exist_is_named() -> None:
    lost = workload("lost", stores={"messages": [{"topic": "edit", "direction": "publish"}]})
    with pytest.raises(ValueError, match=r"services\.lost: there is no topic 'edit'\. Declare one of edits, l2cache"):
        foundation(deployment(), [lost])


def records(keys: Mapping[str, object]) -> dict[str, list[str]]:
    found = bodies([foundation(deployment(**keys), [])], "google_dns_record_set")
    return {one["name"]: one["rrdatas"] for one in found if one["name"].endswith(".karst.internal.")}


def test_existing_stores_are_found_by_their_private_names() -> None:
    assert records(EXISTING) == {
        "sql.api.karst.internal.": ["10.144.0.5"],
        "redis-cache.api.karst.internal.": ["10.196.52.3"],
    }


def test_pods_may_connect_to_their_stores_outside_of_the_managed_range() -> None:
    managed, settings = "10.144.0.0/16", deployment(**EXISTING)
    for uses, ranges in (
        ({"relational": [{"name": "annotation"}]}, (managed,)),
        ({"cache": [{"name": "broker"}]}, (managed,)),
        ({"cache": [{"name": "broker"}, {"name": "cache"}]}, (managed, "10.196.52.3/32")),
    ):
        user = workload("user", stores=uses)
        assert connections(settings, [user], user).store_ranges == ranges
        assert connections(deployment(), [user], user).store_ranges == (managed,)
