"""Upstream's images are declared completely: every workload, route, queue, with nothing claimed twice."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

import karst.upstream
from karst.config.service import Service, load_services
from karst.config.service_checks import celery_queues
from karst.config.service_needs import Access, Direction
from karst.config.service_routes import covers, under
from karst.config.service_runtime import ImageOrigin, ScalingSignal, mebibytes
from karst.config.types import Kind
from karst.derived.messages import SUBSCRIPTIONS, TOPICS
from karst.upstream.values import VALUES

FOLDER = Path(karst.upstream.__file__).parent
REPOSITORY = FOLDER.parents[2]
SERVICES = load_services(FOLDER)

GLOBAL = {
    "auth": "auth", "sticky-auth": "sticky-auth", "infoservice": "info", "emannotationschemas-dep": "schema",
    "nglstate": "nglstate", "nginx": "auth-info",
}  # fmt: skip
LOCAL_APIS = {
    "pychunkedgraph": "pychunkedgraph", "pychunkedgraph-read": "pychunkedgraph-read", "meshing": "meshing",
    "pcgl2cache": "pcgl2cache", "skeletoncache": "skeletoncache", "annotationengine": "annotationengine",
    "materialize": "materialize", "guidebook": "guidebook", "tourguide": "tourguide", "dash": "dash",
    "pprogress": "pprogress", "pmanagement": "pmanagement", "proxy": "proxy", "cavecanary": "cavecanary",
    "landingpage": "landing", "swaggerui": "swaggerui",
}  # fmt: skip
LOCAL_WORKERS = {
    "meshworker": "meshworker", "remeshworker": "remeshworker", "pcgl2cache-worker": "pcgl2cache-worker",
    "pcgl2cache-highpriority-worker": "pcgl2cache-highpriority-worker",
    "pcgl2cache-lowpriority-worker": "pcgl2cache-lowpriority-worker",
    "skeletoncache-worker-low": "skeletoncache-worker-low", "skeletoncache-worker-high": "skeletoncache-worker-high",
    "skeletoncache-worker-dead": "skeletoncache-worker-dead",
    "skeletoncache-refusal-retry": "skeletoncache-refusal-retry",
    "skeletoncache-integration-tester": "skeletoncache-integration-tester",
    "celery-producer": "celery-producer", "celery-consumer": "celery-consumer",
    "celery-orchestration": "celery-orchestration", "celery-deltalake": "celery-deltalake",
    "celery-beat-scheduler": "celery-beat-scheduler", "celery-exporter": "celery-exporter", "flower": "flower",
    "materialize-db-migration": "materialize", "guidebook-worker": "guidebook-worker", "tallyedits": "tallyedits",
}  # fmt: skip
LEFT_OUT = (
    "materialize-pubsub-worker", "materialize-migrate", "annotationui", "meshing-restart",
    "skeletoncache-stats-exporter",
)  # fmt: skip

CAUGHT = {
    Kind.GLOBAL: ("/auth", "/sticky_auth", "/info", "/schema", "/nglstate", "/auth_info", "/swaggerui", "/static"),
    Kind.LOCAL: (
        "/segmentation", "/meshing", "/l2cache", "/skeletoncache", "/annotation", "/materialize", "/guidebook",
        "/tourguide", "/dash", "/progress", "/neurons", "/proxy", "/auth_info", "/swaggerui", "/static",
    ),
}  # fmt: skip
TO_THE_WRITER = ("split", "merge", "undo", "redo", "rollback", "graph/split_preview", "merge_admin", "rollback_user")


def claims(kind: Kind) -> list[tuple[str, str]]:
    """(pattern at the edge, service) of the services of one kind."""
    found: list[tuple[str, str]] = []
    for service in SERVICES.values():
        if service.routes is not None and kind in service.kinds:
            found += [(pattern, service.name) for pattern, _, _ in service.routes.in_order()]
    return found


def subscriptions(service: Service) -> list[str]:
    return [use.subscription or "" for use in service.stores.messages if use.direction is Direction.SUBSCRIBE]


@pytest.mark.parametrize(("row", "name"), sorted((GLOBAL | LOCAL_APIS | LOCAL_WORKERS).items()))
def test_every_workload_is_declared(row: str, name: str) -> None:
    service = SERVICES[name]
    assert service.kinds & ({Kind.GLOBAL} if row in GLOBAL else {Kind.LOCAL})
    assert service.image.source is ImageOrigin.UPSTREAM


def test_nothing_is_declared_that_nobody_runs() -> None:
    assert set(SERVICES) == set((GLOBAL | LOCAL_APIS | LOCAL_WORKERS).values())
    assert all(path.parent.name in SERVICES for path in FOLDER.glob("*/service.yaml"))


def test_migration_belongs_to_materialize() -> None:
    assert [name for name, service in SERVICES.items() if service.migrations] == ["materialize"]


@pytest.mark.parametrize(("kind", "path"), [(kind, path) for kind, paths in CAUGHT.items() for path in paths])
def test_every_route_is_claimed_once(kind: Kind, path: str) -> None:
    assert len([name for pattern, name in claims(kind) if pattern == path]) == 1
    assert len([name for pattern, name in claims(kind) if pattern == f"{path}/**"]) == 1


@pytest.mark.parametrize("kinds", [{Kind.GLOBAL}, {Kind.LOCAL}, {Kind.GLOBAL, Kind.LOCAL}])
def test_no_pattern_has_two_owners(kinds: set[Kind]) -> None:
    every = {claim for kind in kinds for claim in claims(kind)}
    assert [pattern for pattern, count in Counter(pattern for pattern, _ in every).items() if count > 1] == []


def test_front_page_is_tried_last() -> None:
    landing, others = SERVICES["landing"], [service for name, service in SERVICES.items() if name != "landing"]
    assert landing.routes is not None
    lowest = max(route.precedence for route in landing.routes.reads)
    assert all(route.precedence > lowest for each in others if each.routes for route in each.routes.reads)


@pytest.mark.parametrize("action", TO_THE_WRITER)
def test_edits_reach_the_writer_before_the_reader(action: str) -> None:
    path = f"/segmentation/api/v1/table/minnie/{action}"
    routed = [
        (route.precedence, service.name)
        for service in SERVICES.values()
        if service.routes is not None
        for route in (*service.routes.reads, *service.routes.writes)
        if covers(under(service.routes.prefix, route.pattern), path)
    ]
    assert sorted(routed, reverse=True) == [(10, "pychunkedgraph"), (0, "pychunkedgraph-read")]


def test_only_the_writer_has_write_routes() -> None:
    assert [name for name, service in SERVICES.items() if service.routes and service.routes.writes] == [
        "pychunkedgraph"
    ]


def test_each_queue_has_one_consumer() -> None:
    consumers = Counter(queue for service in SERVICES.values() for queue in subscriptions(service))
    assert consumers == dict.fromkeys(SUBSCRIPTIONS, 1)
    for service in SERVICES.values():
        for use in service.stores.messages:
            if use.direction is Direction.SUBSCRIBE:
                assert SUBSCRIPTIONS[use.subscription or ""].topic == use.topic


def test_each_topic_has_a_publisher() -> None:
    published = {
        use.topic
        for service in SERVICES.values()
        for use in service.stores.messages
        if use.direction is Direction.PUBLISH
    }
    # Pub/Sub itself puts what failed too often on the topic of dead letters.
    assert published == set(TOPICS) - {"skeletons-dead"}


def test_queue_workers_scale_by_their_own_queue() -> None:
    for service in SERVICES.values():
        queues = [p.scaling.queue for p in service.processes.values() if p.scaling.signal is ScalingSignal.QUEUE]
        if subscriptions(service):
            assert queues == subscriptions(service), service.name


def test_workers_and_what_the_clock_starts_run_in_one_generation() -> None:
    for service in SERVICES.values():
        for name, process in service.processes.items():
            # The canary answers probes, and nobody calls it: it acts by itself.
            is_server = process.port is not None and service.name != "cavecanary"
            assert process.is_generation_bound is not is_server, (service.name, name)
            assert is_server or service.routes is None, f"{service.name} would answer in one generation only"


def test_scheduler_never_has_a_twin() -> None:
    assert SERVICES["celery-beat-scheduler"].processes["scheduler"].scaling.max_replicas == 1


def test_every_replica_has_a_limit_above_its_request() -> None:
    for service in SERVICES.values():
        for process in service.processes.values():
            limit = process.resources.memory_limit
            assert limit is not None, service.name
            assert mebibytes(limit) > mebibytes(process.resources.memory), service.name


def test_timeouts_leave_room_for_long_queries() -> None:
    routed = [service for service in SERVICES.values() if service.routes is not None]
    assert {service.timeouts.edge_s for service in routed} <= set(range(600, 621))
    assert SERVICES["pychunkedgraph"].processes["web"].drain_s == 605


def test_shared_links_may_be_large() -> None:
    assert SERVICES["nglstate"].body_limit_kib == 50 * 1024


WRITERS = {
    ("tables", "graph"): {"pychunkedgraph"},
    ("tables", "l2cache"): {
        "pcgl2cache-worker", "pcgl2cache-highpriority-worker", "pcgl2cache-lowpriority-worker",
    },
    ("objects", "graph"): {"meshworker", "remeshworker"},
    ("objects", "dump"): {"materialize", "celery-producer", "celery-orchestration", "celery-deltalake"},
    ("objects", "upload"): {"materialize", "celery-producer", "celery-orchestration"},
    ("relational", "auth"): {"auth", "sticky-auth"},
    ("relational", "info"): {"info"},
}  # fmt: skip


@pytest.mark.parametrize(("kind", "store"), sorted(WRITERS))
def test_only_these_write(kind: str, store: str) -> None:
    writers = {
        service.name
        for service in SERVICES.values()
        for each, use in service.stores.all_of()
        if (each, use.name, use.access) == (kind, store, Access.WRITE)
    }
    assert writers == WRITERS[kind, store]


def test_readme_says_which_services_have_a_source_of_ours() -> None:
    """The table in the README and `services_src/` say the same."""
    lines = (FOLDER / "README.md").read_text().splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| `")]
    said = {row[0].strip("`"): row[1] == "yes" for row in rows if row[1] in ("yes", "not yet")}
    ours = load_services(REPOSITORY / "services_src")
    replaced = {name for service in ours.values() for name in service.replaces}
    assert said == {name: name in ours.keys() | replaced for name in SERVICES}
    assert replaced <= SERVICES.keys()


def test_readme_says_what_is_left_out() -> None:
    text = (FOLDER / "README.md").read_text()
    assert [name for name in LEFT_OUT if f"| `{name}`" not in text] == []
    assert not set(LEFT_OUT) & set(SERVICES)


CELERY = {
    "process": "celery-consumer", "workflow": "celery-producer", "orchestration": "celery-orchestration",
    "deltalake": "celery-deltalake",
}  # fmt: skip


def test_each_celery_queue_has_one_reader_that_scales_by_it() -> None:
    readers = {
        (queue, service.name): process.scaling.queue
        for service in SERVICES.values()
        for process in service.processes.values()
        for queue in celery_queues(process)
    }
    assert readers == {(queue, name): queue for queue, name in CELERY.items()}


def test_what_everybody_reads_stands_on_machines_that_stay() -> None:
    assert {SERVICES[name].processes["web"].pool for name in ("pychunkedgraph-read", "meshing")} == {"standard"}


def test_readme_says_what_templates_may_name() -> None:
    text = (FOLDER / "README.md").read_text()
    listed = [line for line in text.partition("## Values of the templates")[2].splitlines() if line.startswith("- `")]
    assert listed == [f"- `{name}`: {meaning}" for name, meaning in sorted(VALUES.items())]


def test_what_the_load_balancer_sends_is_served_until_it_knows_better() -> None:
    """Its pods must wait for it, finish the longest request after that, and not keep nodes from being taken away."""
    longest_eviction_s, kept_by_upstream = 600, {"pychunkedgraph", "pychunkedgraph-read"}
    for service in SERVICES.values():
        for process in service.processes.values():
            if service.routes is not None:
                assert process.drain_s - service.timeouts.handler_s >= 40, service.name
                assert process.drain_s <= longest_eviction_s or service.name in kept_by_upstream


@pytest.mark.parametrize(
    ("name", "percent"), [("pychunkedgraph", 110), ("pychunkedgraph-read", 110), ("meshing", 100), ("guidebook", 125)]
)
def test_what_labs_run_above_its_reservation_is_not_scaled_sooner(name: str, percent: int) -> None:
    [process] = SERVICES[name].processes.values()
    assert (process.scaling.signal, process.scaling.target) == (ScalingSignal.CPU, percent)


@pytest.mark.parametrize(
    ("name", "bounds"),
    [
        ("annotationengine", (1, 10)),
        ("auth", (2, 10)),
        ("dash", (1, 10)),
        ("guidebook", (1, 5)),
        ("materialize", (1, 5)),
        ("meshing", (1, 3)),
        ("pcgl2cache", (1, 5)),
        ("pmanagement", (1, 5)),
        ("pychunkedgraph", (1, 3)),
        ("pychunkedgraph-read", (1, 10)),
        ("skeletoncache", (1, 3)),
        ("skeletoncache-worker-high", (1, 20)),
        ("tourguide", (1, 10)),
    ],
)
def test_as_many_replicas_run_as_labs_are_used_to(name: str, bounds: tuple[int, int]) -> None:
    """Of sign-in two at the least; who wants more of another in production says so in its deployment."""
    [process] = SERVICES[name].processes.values()
    assert (process.scaling.min_replicas, process.scaling.max_replicas) == bounds
