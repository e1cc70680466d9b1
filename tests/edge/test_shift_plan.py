"""Moving traffic, planned by the real provider: one update of the URL map.

No cloud is asked. The state before is written from plans, as if they had been applied: what only the cloud gives is
invented, and a second plan fills in what refers to it. Where an invention isn't what the provider would have read back,
a plan without any change says so, too; a third one shows which these are.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.edge.services import deployment, edge, landing, workload
from tests.terraform import Workshop, open_workshop

pytestmark = [pytest.mark.needs_providers, pytest.mark.slow]

Json = dict[str, Any]
GOOGLE = 'provider["registry.terraform.io/hashicorp/google"]'
URL_MAP = "google_compute_url_map.front__balancer__urls__map"
GIVEN_BY_THE_CLOUD = {
    "google_compute_global_address": ("address",),
    "google_monitoring_notification_channel": ("name",),
    "google_monitoring_uptime_check_config": ("name", "uptime_check_id"),
}
"""Beside `id` and `self_link`, which all have."""


def edge_with(weights: dict[str, int], outdir: Path) -> Json:
    """An edge with its state where it is planned."""
    states = {"blue": {"state": "active"}, "green": {"state": "standby"}}
    running = [landing(), workload("info", "/info"), workload("graph", "/g", ["/{t}"], ["/{t}/merge"], has_writer=True)]
    document = edge(deployment(generations=states, edge={"weights": weights}), outdir, running)
    document["terraform"].pop("backend", None)
    return document


def plan(workshop: Workshop, place: str, document: Json, state: Json | None) -> Json:
    folder = workshop.folder / place
    folder.mkdir()
    (folder / "cdk.tf.json").write_text(json.dumps(document), encoding="utf-8")
    if state is not None:
        (folder / "terraform.tfstate").write_text(json.dumps(state), encoding="utf-8")
    workshop.terraform(folder, "init", "-input=false")
    workshop.terraform(folder, "plan", "-input=false", "-refresh=false", "-lock=false", "-out=plan")
    planned: Json = json.loads(workshop.terraform(folder, "show", "-json", "plan"))
    return planned


def applied(planned: Json) -> Json:
    """The state that a plan would leave."""
    entries = [
        {
            "mode": "managed",
            "type": one["type"],
            "name": one["name"],
            "provider": GOOGLE,
            "instances": [{"schema_version": one["schema_version"], "attributes": _values(one)}],
        }
        for one in planned["planned_values"]["root_module"]["resources"]
    ]
    return {"version": 4, "terraform_version": "1.11.0", "serial": 1, "lineage": "edge", "resources": entries}


def _values(one: Json) -> Json:
    values: Json = one["values"]
    invented = f"https://www.googleapis.com/compute/v1/projects/lab-cave/global/{one['name']}"
    keys = ("id", "self_link", *GIVEN_BY_THE_CLOUD.get(one["type"], ()))
    return values | {key: values.get(key) or invented for key in keys}


def changes(planned: Json) -> dict[str, list[str]]:
    return {
        one["address"]: one["change"]["actions"]
        for one in planned["resource_changes"]
        if one["change"]["actions"] != ["no-op"]
    }


def test_moving_half_of_the_traffic_is_one_update(tmp_path: Path) -> None:
    before = edge_with({"blue": 100}, tmp_path / "before")
    after = edge_with({"blue": 50, "green": 50}, tmp_path / "after")
    (tmp_path / "cache").mkdir()
    workshop = open_workshop(tmp_path, tmp_path / "cache", before["terraform"]["required_providers"])
    first = plan(workshop, "first", before, None)
    whole = plan(workshop, "whole", before, applied(first))
    same = changes(plan(workshop, "same", before, applied(whole)))
    shifted = changes(plan(workshop, "shifted", after, applied(whole)))
    assert URL_MAP not in same
    assert not any(address.startswith("google_compute_backend_service") for address in same)
    assert shifted == {**same, URL_MAP: ["update"]}
