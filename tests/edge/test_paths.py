"""Each path that clients use ends at the right process, in every kind of deployment."""

from __future__ import annotations

from pathlib import Path

import pytest

from karst.config.loader import load_environment
from tests.edge.model import answer
from tests.edge.services import Document, deployment, edge, landing, workload
from tests.examples import ENVIRONMENTS

WRITER, READER = "pychunkedgraph", "pychunkedgraph-read"
TABLE = "/segmentation/api/v1/table/minnie"
OF_THE_WRITER = [
    *(f"{TABLE}/{verb}" for verb in ("merge", "merge_admin", "split", "undo", "redo", "rollback", "rollback_user")),
    f"{TABLE}/graph/split_preview",
    "/segmentation/1.0/minnie/graph/merge",
    "/segmentation/1.0/minnie/graph/split",
]
OF_THE_READER = [
    "/segmentation",
    "/segmentation/",
    "/segmentation/api/versions",
    f"{TABLE}/node/720575940621039145/root",
    f"{TABLE}/roots",
    f"{TABLE}/operation_details",
    f"{TABLE}/root/1/merge_log",
    f"{TABLE}/merge/history",
    f"{TABLE}/premerge",
    "/segmentation/table/minnie/info",
    "/segmentation/1.0/minnie/graph/root",
    "/segmentation/1.0/minnie/segment/1/merge_log",
]
LOCAL = {
    "/meshing": "meshing",
    "/meshing/api/v1/table/minnie/manifest/1:0": "meshing",
    "/meshing/1.0/minnie/manifest/1:0": "meshing",
    "/l2cache/api/v1/table/minnie/attributes": "pcgl2cache",
    "/skeletoncache/api/v1/minnie/precomputed/skeleton/1": "skeletoncache",
    "/annotation/v2/aligned_volume/minnie/table": "annotationengine",
    "/swaggerui/swagger-ui.css": "swaggerui",
    "/materialize/api/v3/datastack/minnie/versions": "materialize",
    "/materialize/": "materialize",
    "/guidebook/datastack/minnie": "guidebook",
    "/tourguide/version": "tourguide",
    "/dash/": "dash",
    "/dash/datastack/minnie/apps/a/b/c": "dash",
    "/progress/api/v1/query": "pprogress",
    "/neurons/api/v1/submission_page": "pmanagement",
    "/auth_info": "landing",
    "/auth_info/": "landing",
}
GLOBAL = {
    "/auth": "auth",
    "/auth/": "auth",
    "/auth/api/v1/user/cache": "auth",
    "/auth_info": "landing",
    "/auth_info/x": "landing",
    "/sticky_auth": "auth-sticky",
    "/sticky_auth/api/v1/authorize": "auth-sticky",
    "/info": "info",
    "/info/api/v2/datastack/full/minnie": "info",
    "/schema/type/synapse": "schema",
    "/nglstate/api/v1/1234": "nglstate",
    "/nglstate/api/v1/property/1234/": "nglstate",
    "/swaggerui/x.js": "swaggerui",
}
UNKNOWN = ["/", "/nothing", "/authx", "/auth_", "/infos", "/segmentations/x", "//authx", "/INFO", "/static/page.css"]
"""Answered by the landing page, whose business the last one is."""


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Document:
    return edge(deployment(), tmp_path_factory.mktemp("both"))


@pytest.fixture(scope="module", params=["both", "local"])
def with_local(request: pytest.FixtureRequest, both: Document, tmp_path_factory: pytest.TempPathFactory) -> Document:
    return both if request.param == "both" else example("local", tmp_path_factory.mktemp("local"))


@pytest.fixture(scope="module", params=["both", "global"])
def with_global(request: pytest.FixtureRequest, both: Document, tmp_path_factory: pytest.TempPathFactory) -> Document:
    return both if request.param == "both" else example("global", tmp_path_factory.mktemp("global"))


def example(name: str, outdir: Path) -> Document:
    return edge(load_environment(ENVIRONMENTS / name).deployment, outdir)


def goes_to(document: Document, path: str) -> set[str]:
    """Services that may answer, without deployment and generation."""
    host = sorted(document["resource"]["google_dns_record_set"].values(), key=lambda each: each["name"])[0]["name"]
    names = answer(document, path, host.rstrip("."))
    found = set[str]()
    for name in names:
        deployment_name, rest = name.split("-", 1)
        assert deployment_name in ("lab", "local", "global")
        found.add(rest.removeprefix("blue-").removeprefix("green-"))
    return found


@pytest.mark.parametrize("path", OF_THE_WRITER)
@pytest.mark.parametrize("end", ["", "/"])
def test_changes_of_a_graph_go_to_the_writer(with_local: Document, path: str, end: str) -> None:
    assert goes_to(with_local, path + end) == {WRITER}


@pytest.mark.parametrize("path", OF_THE_READER)
def test_everything_else_of_a_graph_goes_to_the_reader(with_local: Document, path: str) -> None:
    assert goes_to(with_local, path) == {READER}


@pytest.mark.parametrize(("path", "service"), LOCAL.items())
def test_services_of_a_lab(with_local: Document, path: str, service: str) -> None:
    assert goes_to(with_local, path) == {service}


@pytest.mark.parametrize(("path", "service"), GLOBAL.items())
def test_services_that_labs_share(with_global: Document, path: str, service: str) -> None:
    assert goes_to(with_global, path) == {service}


def behind_a_prefix(paths: dict[str, str]) -> list[tuple[str, str]]:
    """Those of services that have one; pages of the others have no clients that join addresses."""
    return [(path, service) for path, service in paths.items() if service != "swaggerui"]


@pytest.mark.parametrize(("path", "service"), behind_a_prefix(GLOBAL))
def test_a_slash_at_the_end_of_the_host_changes_nothing(with_global: Document, path: str, service: str) -> None:
    assert goes_to(with_global, f"/{path}") == {service}


@pytest.mark.parametrize("path", [*OF_THE_WRITER, *OF_THE_READER])
def test_behind_two_slashes_the_writer_of_a_graph_answers_everything(with_local: Document, path: str) -> None:
    assert goes_to(with_local, f"/{path}") == {WRITER}


@pytest.mark.parametrize(("path", "service"), behind_a_prefix(LOCAL))
def test_services_of_a_lab_behind_two_slashes(with_local: Document, path: str, service: str) -> None:
    assert goes_to(with_local, f"/{path}") == {service}


@pytest.mark.parametrize("path", [*UNKNOWN, "/segmentation_proc", "/segmentation_proc/x"])
def test_what_nobody_declares_goes_to_the_landing_page(both: Document, path: str) -> None:
    assert goes_to(both, path) == {"landing"}


def test_a_host_that_is_not_ours_reaches_the_landing_page_alone(both: Document) -> None:
    assert answer(both, "/auth", "elsewhere.example.net") == {"lab-landing": 100}


def test_global_services_are_not_reached_through_a_lab(tmp_path: Path) -> None:
    local = example("local", tmp_path)
    assert goes_to(local, "/auth/api/v1/user/cache") == {"landing"}


def test_writes_of_a_service_of_ours_go_to_its_writer(tmp_path: Path) -> None:
    graph = workload("graph", "/segmentation", ["/x/{a}"], ["/x/{a}/merge"], has_writer=True)
    document = edge(deployment(kinds=["local"], **{"global": {"host": "g.example.org"}}), tmp_path, [landing(), graph])
    assert goes_to(document, "/segmentation/x/1/merge") == {"graph-writer"}
    assert goes_to(document, "/segmentation/x/1/merge/") == {"graph-writer"}
    assert goes_to(document, "/segmentation/x/1") == {"graph"}
    assert goes_to(document, "/segmentation/undeclared") == {"graph"}
    assert goes_to(document, "//segmentation/x/1/merge") == {"graph-writer"}
    assert goes_to(document, "//segmentation/x/1") == {"graph-writer"}


def test_a_sticky_prefix_has_a_back_end_of_its_own_on_the_same_endpoints(tmp_path: Path) -> None:
    auth = workload("auth", "/auth", ["/api/v1/user"], sticky="/sticky_auth")
    document = edge(deployment(), tmp_path, [landing(), auth])
    assert goes_to(document, "/sticky_auth/api/v1/authorize") == {"auth-sticky"}
    assert goes_to(document, "/auth/api/v1/authorize") == {"auth"}
    assert goes_to(document, "//sticky_auth/api/v1/authorize") == {"auth-sticky"}
    assert goes_to(document, "//auth/api/v1/authorize") == {"auth"}
    services = {each["name"]: each for each in document["resource"]["google_compute_backend_service"].values()}
    assert services["lab-blue-auth-sticky"]["backend"] == services["lab-blue-auth"]["backend"]
    assert services["lab-blue-auth-sticky"]["session_affinity"] == "GENERATED_COOKIE"
