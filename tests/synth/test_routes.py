"""What a route table refuses, and what it orders."""

from __future__ import annotations

import pytest

from karst.gcp.routes import Route, by_precision, check_routes, prefix_of


def route(path: str, priority: int, backend: str = "reader", is_write: bool = False, timeout_s: int = 60) -> Route:
    return Route(path=path, backend=backend, priority=priority, is_write=is_write, timeout_s=timeout_s)


@pytest.mark.parametrize(
    ("routes", "message"),
    [
        ([route("/a/*", 1), route("/b/*", 1)], r"routes '/a/\*' and '/b/\*' both have priority 1: give each its own"),
        (
            [route("/a/*", 1), route("/a/*", 2, "writer")],
            r"route '/a/\*' is claimed twice, by 'reader' and by 'writer'",
        ),
        ([route("/a/**/b/**/c", 1)], r"route path '/a/\*\*/b/\*\*/c' has '\*\*' twice: the load balancer takes one"),
        ([route("/a/**/*", 1)], r"has a wildcard after '\*\*': '\*\*' must be the last one"),
        ([route("/*/*/*/*/*/*", 1)], "has 6 wildcards: at most 5 are allowed"),
        ([route("/a*", 1)], r"a wildcard stands for a whole segment, write '\*' instead of 'a\*'"),
        ([route("a/*", 1)], r"route path 'a/\*' must begin with '/'"),
        ([route("/a/{name}", 1)], "must begin with '/', have at most 255 characters and none of"),
        ([route("/a", 1, "nobody")], "route '/a' goes to the unknown back end 'nobody'; known: reader, writer"),
        ([route("/a", -1)], "route '/a': priority must be from 0 to 2147483647, not -1"),
        ([route("/a", 1, timeout_s=0)], "route '/a': timeout_s must be at least 1, not 0"),
        (
            [route("/seg/**", 1), route("/seg/api/v1/table/*/merge", 2, "writer", is_write=True)],
            r"^write route '/seg/api/v1/table/\*/merge' \(priority 2\) is hidden by '/seg/\*\*' \(priority 1\)",
        ),
        (
            [route("/seg/x/*", 1), route("/seg/*/merge", 2, "writer", is_write=True)],
            r"some requests of the write route '/seg/\*/merge' \(priority 2\) go to the read route '/seg/x/\*'",
        ),
        ([route("/a/**", 1), route("/a/**/z", 2)], r"^route '/a/\*\*/z' \(priority 2\) is hidden by '/a/\*\*'"),
    ],
)
def test_tables_that_would_not_work_are_refused(routes: list[Route], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_routes(routes, ["reader", "writer"])


@pytest.mark.parametrize(
    "routes",
    [
        [route("/seg/api/v1/table/*/merge", 1, "writer", is_write=True), route("/seg/**", 2)],
        [route("/clio", 1), route("/clio/**", 2)],
        [route("/clio/**", 1), route("/clio", 2)],
        [route("/a/*", 1), route("/a/", 2)],
        [route("/a/*/x", 1), route("/b/**", 2, "writer", is_write=True)],
        [route("/a/**/x", 1), route("/a/*/y", 2, "writer", is_write=True)],
    ],
)
def test_tables_that_work_pass(routes: list[Route]) -> None:
    check_routes(routes, ["reader", "writer"])


def test_precise_templates_come_first_in_any_order() -> None:
    paths = ["/**", "/a/**", "/a/**/z", "/a/*", "/a/*/y", "/a/x", "/a"]
    routes = by_precision(route(path, 0) for path in paths)
    assert by_precision(route(path, 0) for path in reversed(paths)) == routes
    assert [r.priority for r in routes] == [10, 20, 30, 40, 50, 60, 70]
    check_routes(routes, ["reader"])


def test_precedence_goes_before_precision() -> None:
    routes = by_precision([route("/a/x", 0), Route(path="/a/**", backend="reader", priority=0, precedence=1)])
    assert [r.path for r in routes] == ["/a/**", "/a/x"]


def test_a_table_that_is_too_long_is_refused() -> None:
    templates = [route(f"/a/*/{number}", number) for number in range(101)]
    with pytest.raises(ValueError, match="101 routes have a wildcard before their end: the load balancer takes 100"):
        check_routes(templates, ["reader"])
    check_routes(templates[:100] + [route(f"/{number}/**", 200 + number) for number in range(50)], ["reader"])
    with pytest.raises(ValueError, match="1001 routes: the load balancer takes 1000"):
        check_routes([route(f"/{number}", number) for number in range(1001)], ["reader"])


@pytest.mark.parametrize(
    ("path", "prefix"), [("/a/**", "/a/"), ("/**", "/"), ("/a/*/**", None), ("/a", None), ("/a/*", None)]
)
def test_what_only_says_how_a_path_begins_needs_no_template(path: str, prefix: str | None) -> None:
    assert prefix_of(path) == prefix
