"""Moving traffic, planned by the real provider: one update of the URL map.

A second plan fills in what refers to inventions of the first. Where an invention isn't what the provider would have
read back, a plan without any change says so, too; a third one shows which these are.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from karst.plan.model import Action
from tests.edge.services import deployment, edge, landing, workload
from tests.planned import Json, plan_step
from tests.terraform import open_workshop

pytestmark = [pytest.mark.needs_providers, pytest.mark.slow]

URL_MAP = "google_compute_url_map.front__balancer__urls__map"


def edge_with(weights: dict[str, int], outdir: Path) -> Json:
    states = {"blue": {"state": "active"}, "green": {"state": "standby"}}
    running = [landing(), workload("info", "/info"), workload("graph", "/g", ["/{t}"], ["/{t}/merge"], has_writer=True)]
    return edge(deployment(generations=states, edge={"weights": weights}), outdir, running)


def test_moving_half_of_the_traffic_is_one_update(tmp_path: Path) -> None:
    before = edge_with({"blue": 100}, tmp_path / "before")
    after = edge_with({"blue": 50, "green": 50}, tmp_path / "after")
    (tmp_path / "cache").mkdir()
    workshop = open_workshop(tmp_path, tmp_path / "cache", before["terraform"]["required_providers"])
    first = plan_step(workshop, "first", "lab", before, None)
    whole = plan_step(workshop, "whole", "lab", before, first)
    same = plan_step(workshop, "same", "lab", before, whole).changed()
    shifted = plan_step(workshop, "shifted", "lab", after, whole).changed()
    assert URL_MAP not in same
    assert not any(address.startswith("google_compute_backend_service") for address in same)
    assert shifted == {**same, URL_MAP: Action.UPDATE}
