"""The life of one generation, planned by the real providers: which objects each step touches, and how."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from karst.app import create_app, synthesize
from karst.blueprint import Blueprint
from karst.plan.guard import Decision
from karst.plan.model import Action
from karst.plan.protection import is_grant
from stacks.apps import AppsStack
from stacks.cluster import ClusterStack
from stacks.edge import EdgeStack
from tests.derived.workers import deployment
from tests.edge.services import landing
from tests.examples import ExampleStack, read_stacks
from tests.planned import Step, plan_step
from tests.synthesis.test_apps import SERVICE
from tests.terraform import Workshop, open_workshop

pytestmark = [pytest.mark.needs_providers, pytest.mark.slow]

APPS, CLUSTER, EDGE = "api-apps-blue", "api-cluster-blue", "api"
_PROCESS = "apps__engine__workload"
BEAT = f"kubernetes_deployment_v1.{_PROCESS}__beat__deployment"
BUSY = f"kubernetes_deployment_v1.{_PROCESS}__busy__deployment"
QUEUE = f"kubernetes_deployment_v1.{_PROCESS}__queue__deployment"
NIGHTLY = f"kubernetes_cron_job_v1.{_PROCESS}__nightly__job"
RELEASE = "helm_release.apps__ours_custom__release"
GKE = "google_container_cluster.cluster__gke__cluster"
URL_MAP = "google_compute_url_map.front__balancer__urls__map"
BACK_END = "google_compute_backend_service.front__balancer__backend_blue_engine"
STATES = {
    "standby": ("standby", "active", {"blue": 0, "green": 100}),
    "tenth": ("standby", "active", {"blue": 10, "green": 90}),
    "active": ("active", "draining", {"blue": 100, "green": 0}),
    "draining": ("draining", "active", {"blue": 0, "green": 100}),
    "retired": ("retired", "active", {"blue": 0, "green": 100}),
    "removed": ("removed", "active", {"blue": 0, "green": 100}),
}
"""States of both generations and shares of the traffic, at each step of the blue one's life."""


@dataclass(frozen=True, kw_only=True)
class Life:
    """The stacks at each step, as synthesis writes them, and a place to plan them in."""

    workshop: Workshop
    stacks: Mapping[str, Mapping[str, ExampleStack]]

    def step(self, stack: str, name: str, after: Step | None, place: str = "") -> Step:
        """Plan a stack on the state that `after` leaves."""
        found = self.stacks[name][stack]
        return plan_step(self.workshop, f"{stack} {place or name}", stack, found.content, after, found.path.parent)


def synthesized(folder: Path, step: str) -> dict[str, ExampleStack]:
    """Cluster and applications of the blue generation, and the edge of both."""
    blue, green, weights = STATES[step]
    generations = {"blue": {"state": blue}, "green": {"state": green}}
    blueprint = Blueprint(
        deployment=deployment(generations=generations, edge={"weights": weights}),
        datasets=(),
        workloads=(SERVICE, landing()),
    )
    app = create_app(folder)
    ClusterStack(app, blueprint, "blue")
    AppsStack(app, blueprint, "blue")
    EdgeStack(app, blueprint)
    synthesize(app)
    return read_stacks(folder)


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Life:
    folder = tmp_path_factory.mktemp("stacks")
    stacks = {step: synthesized(folder / step, step) for step in STATES}
    wanted: dict[str, Any] = {}
    for one in stacks["standby"].values():
        wanted |= one.content["terraform"]["required_providers"]
    workshop = open_workshop(tmp_path_factory.mktemp("life"), tmp_path_factory.mktemp("plugins"), wanted)
    return Life(workshop=workshop, stacks=stacks)


def lead_apps(life: Life) -> dict[str, Step]:
    standby = life.step(APPS, "standby", None)
    active = life.step(APPS, "active", standby)
    draining = life.step(APPS, "draining", scaled(active, "3"))
    retired = life.step(APPS, "retired", draining)
    removed = life.step(APPS, "removed", retired)
    return {"standby": standby, "active": active, "draining": draining, "retired": retired, "removed": removed}


def scaled(step: Step, replicas: str) -> Step:
    """The step with as many replicas of the workers as their autoscalers found that it takes."""
    state = deepcopy(step.leaves)
    for one in state["resources"]:
        if f"{one['type']}.{one['name']}" in {BUSY, QUEUE}:
            one["instances"][0]["attributes"]["spec"][0]["replicas"] = replicas
    return replace(step, leaves=state)


def lead_cluster(life: Life) -> dict[str, Step]:
    standby = life.step(CLUSTER, "standby", None)
    retired = life.step(CLUSTER, "retired", standby)
    removed = life.step(CLUSTER, "removed", retired)
    return {
        "standby": standby,
        "retired": retired,
        "removed": removed,
        "removed at once": life.step(CLUSTER, "removed", standby, "at once"),
    }


def lead_edge(life: Life) -> dict[str, Step]:
    begun = life.step(EDGE, "standby", None, "begun")
    # What refers to what only the cloud gives.
    standby = life.step(EDGE, "standby", begun)
    return {
        "standby": standby,
        "tenth": life.step(EDGE, "tenth", standby),
        "retired": life.step(EDGE, "retired", life.step(EDGE, "draining", standby)),
    }


LEADS = {APPS: lead_apps, CLUSTER: lead_cluster, EDGE: lead_edge}


@pytest.fixture(scope="module")
def lives(life: Life) -> dict[str, dict[str, Step]]:
    """Every stack's steps, by stack and name of the step."""
    with ThreadPoolExecutor(max_workers=2) as pool:
        led = {stack: pool.submit(lead, life) for stack, lead in LEADS.items()}
        return {stack: steps.result() for stack, steps in led.items()}


def test_a_generation_on_standby_is_made_whole(lives: dict[str, dict[str, Step]]) -> None:
    for stack in (APPS, CLUSTER):
        step = lives[stack]["standby"]
        assert step.addresses(Action.CREATE) == step.addresses(*Action)
        assert step.verdict().findings == ()


def test_becoming_active_wakes_what_slept(lives: dict[str, dict[str, Step]]) -> None:
    step = lives[APPS]["active"]
    assert step.addresses(*Action) == step.addresses(Action.UPDATE, Action.NO_OP)
    updates = step.updates()
    assert updates.pop(RELEASE).keys() == {"values[0]"}
    # Workers are left to their autoscalers, which begin with none.
    assert updates == {
        BEAT: {"spec[0].replicas": ("0", "1")},
        NIGHTLY: {"spec[0].suspend": (True, False)},
    }


def test_draining_stops_what_was_awake(lives: dict[str, dict[str, Step]]) -> None:
    step = lives[APPS]["draining"]
    assert step.addresses(*Action) == step.addresses(Action.UPDATE, Action.NO_OP)
    updates = step.updates()
    assert updates.pop(RELEASE).keys() == {"values[0]"}
    assert updates == {
        BEAT: {"spec[0].replicas": ("1", "0")},
        BUSY: {"spec[0].replicas": ("3", "0")},
        QUEUE: {"spec[0].replicas": ("3", "0")},
        NIGHTLY: {"spec[0].suspend": (False, True)},
    }
    assert step.verdict().findings == ()


def test_a_cluster_does_not_care_who_is_active(life: Life) -> None:
    before, *others = [life.stacks[step][CLUSTER].content for step in ("standby", "tenth", "active", "draining")]
    assert all(one == before for one in others)


def test_retiring_lifts_protection_and_deletes_nothing_that_runs(lives: dict[str, dict[str, Step]]) -> None:
    assert lives[APPS]["retired"].updates() == {}
    step = lives[CLUSTER]["retired"]
    for each in (step, lives[APPS]["retired"]):
        assert each.addresses(*Action) == each.addresses(Action.UPDATE, Action.NO_OP)
    updates = step.updates()
    assert updates[GKE] == {"deletion_policy": ("PREVENT", "DELETE"), "deletion_protection": (True, False)}
    firewall = {address for address in step.addresses(*Action) if address.startswith("google_compute_firewall.")}
    assert firewall
    assert updates.keys() == {GKE, *firewall}
    assert all(updates[address] == {"deletion_policy": ("PREVENT", "DELETE")} for address in firewall)
    assert {one.address: one.decision for one in step.verdict().findings} == {
        GKE: Decision.REFUSED,
        **dict.fromkeys(firewall, Decision.REPORTED),
    }


def test_removing_deletes_everything_and_the_guard_agrees(lives: dict[str, dict[str, Step]]) -> None:
    for stack in (APPS, CLUSTER):
        step = lives[stack]["removed"]
        assert step.addresses(Action.DELETE) == step.addresses(*Action) == lives[stack]["retired"].addresses(*Action)
        assert not step.verdict().refusals


def test_the_guard_refuses_to_remove_what_was_not_retired(lives: dict[str, dict[str, Step]]) -> None:
    step = lives[CLUSTER]["removed at once"]
    refused = {one.address for one in step.verdict().refusals}
    held = lives[CLUSTER]["retired"].updates().keys()
    assert GKE in held
    assert refused >= held
    assert {one for one in step.addresses(Action.DELETE) if is_grant(one.partition(".")[0])} <= refused


def test_a_tenth_of_the_traffic_is_one_update(lives: dict[str, dict[str, Step]]) -> None:
    step = lives[EDGE]["tenth"]
    assert step.addresses(*Action) == step.addresses(Action.UPDATE, Action.NO_OP)
    updates = step.updates()
    assert updates.keys() == {URL_MAP}
    assert {path.rpartition(".")[2] for path in updates[URL_MAP]} == {"weight"}
    assert set(updates[URL_MAP].values()) == {(0, 10), (100, 90)}


def test_retiring_takes_the_back_ends_after_the_table_let_go(life: Life, lives: dict[str, dict[str, Step]]) -> None:
    step = lives[EDGE]["retired"]
    assert step.addresses(Action.DELETE) == {BACK_END}
    assert step.addresses(*Action) == step.addresses(Action.DELETE, Action.UPDATE, Action.NO_OP)
    assert step.updates().keys() == {URL_MAP}
    assert not step.verdict().refusals
    order = life.workshop.terraform(step.folder, "graph", "-type=apply", "-plan=plan")
    assert f'"[root] {BACK_END} (destroy)" -> "[root] {URL_MAP}"' in order
    assert f'"[root] {URL_MAP}" -> "[root] {BACK_END} (destroy)"' not in order
