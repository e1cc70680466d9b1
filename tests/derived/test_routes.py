"""What services may declare beside each other, and what the edge is told."""

from __future__ import annotations

import pytest

from karst.derived.routes import route_problems, route_table
from karst.derived.workloads import Workload
from tests.edge.services import landing, workload

ALL = ["/", "/{rest:path}"]


def said(*running: Workload) -> list[str]:
    return [str(problem) for problem in route_problems([landing(), *running])]


def taken(service: str, path: str, owner: str) -> str:
    remedy = "Give one of the two another path, or write enabled: false for it."
    return f"services.{service}: {path} is already a path of '{owner}'. {remedy}"


def hidden(service: str, route: str, by: str, owner: str) -> str:
    remedy = "Give it a higher precedence, or a path of its own."
    return f"services.{service}: the {route} is hidden by {by} of '{owner}', which is tried first. {remedy}"


@pytest.mark.parametrize(
    ("running", "problem"),
    [
        ([workload("a", "/x"), workload("b", "/x")], taken("b", "/x", "a")),
        ([workload("a", "/x", ALL), workload("b", "/x", ALL)], taken("b", "/x", "a")),
        ([workload("a", "/x", ALL), workload("b", "/x")], taken("b", "/x", "a")),
        (
            [workload("a", "/x", ALL), workload("b", "/x", ["/y"]), workload("c", "/x", ["/y"])],
            taken("c", "/x/y", "b"),
        ),
        ([workload("a", "/x", ["/y"], sticky="/s"), workload("b", "/s", ALL)], taken("b", "/s", "a")),
        (
            [workload("a", "/x", [("/{rest:path}", 20)]), workload("b", "/x", writes=["/t/{t}/merge"])],
            hidden("b", "write route /x/t/*/merge", "/x/**", "a"),
        ),
        (
            [workload("a", "/x/t", ["/{t}/merge"]), workload("b", "/x", writes=[("/t/{t}/{verb}", -1)])],
            hidden("b", "write route /x/t/*/*", "/x/t/*/merge", "a"),
        ),
        (
            [workload("a", "/x", [("/y/{rest:path}", 5)]), workload("b", "/x/y/w", ["/z"])],
            hidden("b", "route /x/y/w/z", "/x/y/**", "a"),
        ),
        (
            [workload("a", "/", [("/{rest:path}", 5)]), workload("b", "/b", ["/z"])],
            hidden("b", "route /b/z", "/**", "a"),
        ),
        (
            [workload("a", "/x", sticky="/s", runtime="cloudrun")],
            "services.a: the load balancer can't keep a client of /s at one instance of Cloud Run. Write runtime: gke.",
        ),
    ],
)
def test_what_services_can_not_both_have(running: list[Workload], problem: str) -> None:
    assert problem in said(*running)
    with pytest.raises(ValueError, match=r"services\."):
        route_table([landing(), *running])


@pytest.mark.parametrize(
    "running",
    [
        [workload("a", "/x", ALL), workload("b", "/x", writes=["/t/{t}/merge"])],
        [workload("a", "/x", [("/{rest:path}", 20)]), workload("b", "/x", writes=[("/t/{t}/merge", 30)])],
        [workload("a", "/x"), workload("b", "/xy"), workload("c", "/x/y")],
        [workload("a", "/x", ["/t/{t}/merge"]), workload("b", "/y")],
        [workload("a", None), workload("b", None)],
    ],
)
def test_what_services_can_have_beside_each_other(running: list[Workload]) -> None:
    assert said(*running) == []


def test_the_same_clash_is_told_once() -> None:
    assert len(said(workload("a", "/x", ALL), workload("b", "/x", ALL))) == 1


def test_somebody_answers_what_nobody_does() -> None:
    (problem,) = route_problems([workload("a", "/x")])
    assert str(problem) == "services.landing: nothing answers what no service does. Let the landing page run."


def test_the_landing_page_does_not_go_with_a_cluster() -> None:
    (problem,) = route_problems([workload("landing", "/", ["/"])])
    assert problem.message == "answers what no service does, and must do so while a cluster is replaced"


def listed(*running: Workload) -> list[tuple[str, str]]:
    """Paths and back ends, without those of hosts with a slash at their end."""
    return [each for each in everything(*running) if not each[0].startswith("//")]


def everything(*running: Workload) -> list[tuple[str, str]]:
    return [(route.path, route.backend) for route in route_table([landing(), *running]).routes]


def test_a_service_with_one_process_needs_no_more_than_its_prefix() -> None:
    assert listed(workload("a", "/x", ["/v1/{name}", "/v1/{name}/y"], ["/v1/save"])) == [("/x/**", "a"), ("/x", "a")]


def test_writes_of_another_process_are_listed_with_both_ends() -> None:
    found = listed(workload("a", "/x", ["/v1/{name}"], ["/v1/{name}/save"], has_writer=True))
    assert found == [("/x/v1/*/save/", "a-writer"), ("/x/v1/*/save", "a-writer"), ("/x/**", "a"), ("/x", "a")]


def test_a_service_beside_the_owner_gets_what_it_names_and_no_more() -> None:
    found = listed(workload("a", "/x", ALL), workload("b", "/x", ["/y"]))
    assert found == [("/x/y/", "b"), ("/x/y", "b"), ("/x/**", "a"), ("/x", "a")]


def test_a_path_below_another_prefix_stays_where_it_was_declared() -> None:
    found = listed(workload("a", "/x", ["/y/mine"]), workload("b", "/x/y"))
    assert [path for path, backend in found if backend == "a"] == ["/x/y/mine/", "/x/y/mine", "/x/**", "/x"]
    assert found.index(("/x/y/mine", "a")) < found.index(("/x/y/**", "b"))


def test_two_slashes_lead_to_whoever_takes_writes() -> None:
    graph = workload("a", "/x", ["/v1/{name}"], ["/v1/{name}/save"], has_writer=True)
    assert {("//x/**", "a-writer"), ("//x", "a-writer")} <= set(everything(graph))
    beside = [workload("a", "/x", ALL), workload("b", "/x", ["/y"])]
    assert {("//x/**", "a"), ("//x", "a")} <= set(everything(*beside))
    writes = [workload("a", "/x", ALL), workload("b", "/x", writes=["/t/{t}/merge"], sticky="/s")]
    assert {("//x/**", "b"), ("//x", "b"), ("//s/**", "b-sticky"), ("//s", "b-sticky")} <= set(everything(*writes))
    assert everything() == []
    assert not [path for path, _ in everything(workload("a", "/", ["/y/{z}"])) if path.startswith("//")]


def test_paths_of_the_landing_page_are_listed_only_where_another_would_take_them() -> None:
    assert listed() == []
    assert ("/static/*", "landing") in listed(workload("a", "/", ["/static/{rest:path}"]))


def test_a_path_that_its_own_service_already_takes_is_left_out() -> None:
    found = listed(workload("a", "/x", [("/y/{rest:path}", 5), "/y/z"]), workload("b", "/", ["/x/{some}/{name}"]))
    assert ("/x/*/*", "b") in found
    assert ("/x/y/**", "a") in found
    assert not {"/x/y/z", "/x/y/z/"} & {path for path, _ in found}


def test_timeouts_are_those_of_the_service() -> None:
    table = route_table([landing(), workload("a", "/x", edge_s=900)])
    assert {route.timeout_s for route in table.routes} == {900}


def test_sixty_services_fit() -> None:
    paths = [f"/v1/{{name}}/{number}" for number in range(30)]
    running = [workload(f"service-{number}", f"/s{number}", paths, ["/v1/save"]) for number in range(60)]
    table = route_table([landing(), *running])
    assert len(table.routes) == 4 * 60
    assert len(table.targets) == 61


def test_more_writers_than_templates_are_refused() -> None:
    writes = [f"/v1/{{name}}/{number}" for number in range(51)]
    (problem,) = said(workload("a", "/x", [], writes, has_writer=True))
    assert problem == (
        "services.a: the load balancer takes 100 paths with a {name} before their end, but there are 102, 102 of them "
        "for this service. Let it answer writes in the process of its reads, or run fewer services."
    )
    assert said(workload("a", "/x", [], writes[:50], has_writer=True)) == []


def test_paths_that_the_load_balancer_does_not_take_are_refused() -> None:
    deep = "/" + "/".join(f"{{part_{number}}}" for number in range(6))
    found = said(workload("a", "/x", [], [deep], has_writer=True))
    why = "has 6 wildcards: at most 5 are allowed. Shorten it in the declaration."
    assert f"services.a: route path '/x/*/*/*/*/*/*' {why}" in found
    assert said(workload("a", "/x", [], [deep])) == []
