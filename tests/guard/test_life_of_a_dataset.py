"""A dataset from its first deployment to its end: every step planned by the real provider, and judged by the guard.

No cloud is asked. What a step would leave in state is written from its plan, as if it had been applied.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

import main
from karst.app import create_app, synthesize
from karst.config.rules import load_checked
from karst.derived.workloads import Catalog
from karst.plan.guard import Decision
from karst.plan.model import Action, Consent
from karst.plan.protection import is_grant
from stacks.dataset import DatasetStack
from tests.examples import read_stacks
from tests.planned import Json, Step, plan_step
from tests.synthesis.support import copy_environment, edit
from tests.terraform import Workshop, open_workshop

pytestmark = [pytest.mark.needs_providers, pytest.mark.slow]

STACK = "demo-data-tiny"
NOBODY_ANSWERS = {"HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9", "NO_PROXY": ""}
HOLDING_DATA = {
    "google_bigquery_dataset",
    "google_bigquery_table",
    "google_bigtable_table",
    "google_sql_database",
    "google_storage_bucket",
}
ENDS = ("keep", "delete")
STATES: dict[str, dict[str, str]] = {
    "active": {"state": "active"},
    "retired to keep": {"state": "retired", "on_removal": "keep"},
    "retired to delete": {"state": "retired", "on_removal": "delete"},
    "removed": {"state": "removed"},
}


@dataclass(frozen=True, kw_only=True)
class Life:
    """The stack of one dataset in each of its states, as synthesis writes it, and a place to plan it in."""

    workshop: Workshop
    stacks: Mapping[str, Json]

    def step(self, name: str, after: Step | None, place: str) -> Step:
        """Plan the stack `name` on the state that `after` leaves, in a folder of its own."""
        return plan_step(self.workshop, place, STACK, self.stacks[name], after)


def dataset_stack(environments: Path, catalog: Catalog) -> Json:
    """The dataset's stack as the application writes it, with its state in the folder where it is planned."""
    built = main.blueprint(load_checked(environments)["demo"], catalog)
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(Path(folder))
        DatasetStack(app, built, built.datasets[0])
        synthesize(app)
        return read_stacks(Path(folder))[STACK].content


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Life:
    root = tmp_path_factory.mktemp("environments")
    folder = copy_environment(root, "demo", images={"fallback": "upstream"})
    catalog = main.load_catalog()
    stacks: dict[str, Json] = {}
    for name, changes in STATES.items():
        edit(folder / "datasets/tiny.yaml", **changes)
        stacks[name] = dataset_stack(root, catalog)
    wanted = stacks["active"]["terraform"]["required_providers"]
    workshop = open_workshop(tmp_path_factory.mktemp("life"), tmp_path_factory.mktemp("plugins"), wanted)
    return Life(workshop=workshop, stacks=stacks)


@pytest.fixture(scope="module")
def active(life: Life) -> Step:
    """The dataset deployed."""
    return life.step("active", None, "active")


@pytest.fixture(scope="module")
def ends(life: Life, active: Step) -> dict[str, tuple[Step, Step]]:
    """The two last steps, for each of the ends that a dataset can have."""

    def lead(end: str) -> tuple[Step, Step]:
        retired = life.step(f"retired to {end}", active, f"retired to {end}")
        return retired, life.step("removed", retired, f"removed to {end}")

    with ThreadPoolExecutor(max_workers=2) as pool:
        return dict(zip(ENDS, pool.map(lead, ENDS), strict=True))


def data_and_grants(step: Step) -> tuple[set[str], set[str]]:
    data = {change.address for change in step.plan.changes if change.type in HOLDING_DATA}
    grants = {change.address for change in step.plan.changes if is_grant(change.type)}
    return data, grants


def test_the_first_deployment_makes_data_and_grants(active: Step) -> None:
    data, grants = data_and_grants(active)
    assert {address.partition(".")[0] for address in data} == HOLDING_DATA
    assert grants
    assert active.addresses(Action.CREATE) == active.addresses(*Action)
    assert active.verdict().findings == ()


@pytest.mark.parametrize("end", ENDS)
def test_retired_deletes_nothing(active: Step, ends: dict[str, tuple[Step, Step]], end: str) -> None:
    data, _ = data_and_grants(active)
    retired, _ = ends[end]
    assert retired.addresses(*Action) == retired.addresses(Action.UPDATE, Action.NO_OP)
    assert retired.addresses(Action.UPDATE) == data
    findings = retired.verdict().findings
    assert {finding.address for finding in findings} == data
    assert {finding.decision for finding in findings} == {Decision.REFUSED}
    assert {finding.consent for finding in findings} == {Consent.UNPROTECT}


@pytest.mark.parametrize("end", ENDS)
def test_removed_does_what_retirement_announced(active: Step, ends: dict[str, tuple[Step, Step]], end: str) -> None:
    data, grants = data_and_grants(active)
    _, removed = ends[end]
    assert removed.addresses(Action.DELETE) == removed.addresses(*Action) >= data | grants
    verdict = removed.verdict()
    assert not verdict.refusals
    staying = {finding.address for finding in verdict.findings if finding.why.startswith("stays in the cloud")}
    assert staying & data == (data if end == "keep" else set())
    assert not staying & grants


def test_what_is_kept_is_let_go_where_no_request_could_reach_google(
    life: Life, active: Step, ends: dict[str, tuple[Step, Step]]
) -> None:
    data, _ = data_and_grants(active)
    assert data <= ends["keep"][1].addresses(Action.DELETE)
    folder = life.workshop.folder / "removed to keep"
    targets = [f"-target={address}" for address in sorted(data)]
    asked = ("apply", "-input=false", "-refresh=false", "-auto-approve", *targets)
    life.workshop.terraform(folder, *asked, limit_s=60, settings=NOBODY_ANSWERS)
    left = json.loads((folder / "terraform.tfstate").read_text(encoding="utf-8"))["resources"]
    assert left
    assert not data & {f"{one['type']}.{one['name']}" for one in left}


def test_removed_without_retirement_needs_an_approval_for_each_loss(life: Life, active: Step, tmp_path: Path) -> None:
    data, grants = data_and_grants(active)
    removed = life.step("removed", active, "removed at once")
    assert {finding.address for finding in removed.verdict().refusals} == data | grants

    entries = [
        {"address": address, "stack": STACK, "action": "delete", "reason": "the trial is over"}
        for address in sorted(data | grants)
    ]
    path = tmp_path / "approvals.yaml"
    path.write_text(yaml.safe_dump({"approvals": entries[1:]}), encoding="utf-8")
    assert [finding.address for finding in removed.verdict([path]).refusals] == [entries[0]["address"]]
    path.write_text(yaml.safe_dump({"approvals": entries}), encoding="utf-8")
    verdict = removed.verdict([path])
    assert not verdict.refusals
    assert not verdict.unused
    assert {one.address for one in verdict.findings if one.decision is Decision.APPROVED} == data | grants
