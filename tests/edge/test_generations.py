"""Traffic moves between generations by weights alone, and only to generations that serve."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.edge.model import answer, url_map
from tests.edge.services import Document, deployment, edge, landing, workload

INFO = [landing(), workload("info", "/info")]
URL_MAPS = "google_compute_url_map"


def synthesized(outdir: Path, states: dict[str, str], weights: dict[str, int] | None = None) -> Document:
    generations = {name: {"state": state} for name, state in states.items()}
    return edge(deployment(generations=generations, edge={"weights": weights or {}}), outdir, INFO)


def shares(document: Document) -> dict[str, int]:
    return dict(answer(document, "/info/api", "lab.example.org"))


@pytest.mark.parametrize(
    ("states", "weights", "expected"),
    [
        ({"blue": "active"}, None, {"lab-blue-info": 100}),
        ({"blue": "active", "green": "standby"}, None, {"lab-blue-info": 100, "lab-green-info": 0}),
        (
            {"blue": "active", "green": "standby"},
            {"blue": 90, "green": 10},
            {"lab-blue-info": 90, "lab-green-info": 10},
        ),
        ({"blue": "draining", "green": "active"}, None, {"lab-blue-info": 0, "lab-green-info": 100}),
        ({"blue": "draining", "green": "active"}, {"green": 100}, {"lab-blue-info": 0, "lab-green-info": 100}),
        ({"blue": "retired", "green": "active"}, {"blue": 0, "green": 100}, {"lab-green-info": 100}),
        ({"blue": "removed", "green": "active"}, None, {"lab-green-info": 100}),
    ],
)
def test_generations_get_their_share(
    tmp_path: Path, states: dict[str, str], weights: dict[str, int] | None, expected: dict[str, int]
) -> None:
    assert shares(synthesized(tmp_path, states, weights)) == expected


@pytest.mark.parametrize("gone", ["retired", "removed"])
def test_nothing_of_a_generation_that_goes_is_left_in_the_edge(tmp_path: Path, gone: str) -> None:
    document = synthesized(tmp_path, {"blue": gone, "green": "active"})
    services = document["resource"]["google_compute_backend_service"].values()
    assert sorted(each["name"] for each in services) == ["lab-green-info", "lab-landing"]
    assert "lab-blue-" not in str(document)


def test_moving_half_of_the_traffic_changes_the_url_map_alone(tmp_path: Path) -> None:
    states = {"blue": "active", "green": "standby"}
    before = synthesized(tmp_path / "before", states)
    after = synthesized(tmp_path / "after", states, {"blue": 50, "green": 50})
    assert shares(after) == {"lab-blue-info": 50, "lab-green-info": 50}
    assert before["resource"].pop(URL_MAPS) != after["resource"].pop(URL_MAPS)
    assert before == after


def test_moving_traffic_changes_weights_and_nothing_else_of_the_url_map(tmp_path: Path) -> None:
    states = {"blue": "active", "green": "standby"}
    before = url_map(synthesized(tmp_path / "before", states))
    after = url_map(synthesized(tmp_path / "after", states, {"blue": 50, "green": 50}))
    for document in (before, after):
        for rule in document["path_matcher"][0]["route_rules"]:
            for each in rule["route_action"]["weighted_backend_services"]:
                each.pop("weight")
    assert before == after


def test_an_edge_that_waits_less_than_a_service_takes_is_refused(tmp_path: Path) -> None:
    slow = [landing(), workload("slow", "/slow", edge_s=700)]
    with pytest.raises(
        ValueError, match=r"edge.timeout_s: 620 s are less than the 700 s that 'slow' may take. Write 700"
    ):
        edge(deployment(), tmp_path, slow)
    assert edge(deployment(edge={"timeout_s": 700}), tmp_path, slow)


def test_routes_that_clash_are_refused_at_synthesis(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"services.b: /x is already a path of 'a'"):
        edge(deployment(), tmp_path, [landing(), workload("a", "/x"), workload("b", "/x")])
