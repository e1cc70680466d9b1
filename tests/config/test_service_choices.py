"""What a deployment tells single services, and these can't do."""

from __future__ import annotations

from pathlib import Path

import pytest

from karst.config.loader import load_environments
from karst.config.rules import OF_WORKLOADS
from karst.config.rules.service_choices import problems_of_workloads
from karst.config.rules.services import UPSTREAM
from karst.config.service import load_services
from karst.derived.workloads import Catalog, workloads
from tests.config.base import API, BASE, GLOBAL, write
from tests.examples import ROOT

OURS = load_services(ROOT / "services_src")
CATALOG = Catalog(ours=OURS, tags=dict.fromkeys(OURS, "abc"), upstream=load_services(UPSTREAM))
UPSTREAM_ON_RUN = "upstream's image runs in a cluster only, for its secrets are filled into its pods. Remove runtime."
ONE_PROCESS = "Cloud Run takes a service with one process, which listens. Remove runtime."
STAYS_AWAKE = "only workers of a queue may sleep. Write 1 or more; enabled: false stops a service."
ONCE = (
    "a scheduler runs exactly once. Remove scaling; materialization: {paused: true} stops the one of materializations."
)
TOO_LARGE = "Cloud Run gives 8 processors and 32768Mi of memory at the most. Ask for less."
OTHER_KIND = (
    "services.auth.enabled: it belongs to the kind 'global', which brings its stores and isn't among this deployment's "
    "kinds. Remove enabled, or add the kind to kinds."
)


def said(tmp_path: Path, services: str, kinds: str = "[local, clio]") -> list[str]:
    """Problems with these choices where every image of upstream may run, as `key: message. remedy`."""
    start, end = BASE[API].index("services:\n"), BASE[API].index("labels:")
    text = f"{BASE[API][:start]}images: {{fallback: upstream}}\nservices:\n  {services}\n{BASE[API][end:]}"
    write(tmp_path, {**BASE, API: text.replace("kinds: [local, clio]", f"kinds: {kinds}")})
    found = problems_of_workloads(load_environments(tmp_path)["api"], CATALOG)
    return [f"{problem.key}: {problem.message}. {problem.remedy}" for problem in found]


@pytest.mark.parametrize(
    ("services", "message"),
    [
        ("dash: {runtime: cloudrun}", f"services.dash.runtime: {UPSTREAM_ON_RUN}"),
        ("meshworker: {runtime: cloudrun}", f"services.meshworker.runtime: {UPSTREAM_ON_RUN}"),
        ("sql-roles: {runtime: cloudrun}", f"services.sql-roles.runtime: {ONE_PROCESS}"),
        (
            "dash: {scaling: {min: 0, max: 2}}",
            f"services.dash.scaling.min: is 0, and nothing would wake 'dash': {STAYS_AWAKE}",
        ),
        (
            "celery-beat-scheduler: {scaling: {min: 0, max: 1}}",
            f"services.celery-beat-scheduler.scaling: {ONCE}",
        ),
        ("auth: {enabled: true}", OTHER_KIND),
        ("landing: {env: {PORT: '80'}}", "services.landing.env.PORT: Cloud Run sets it itself. Remove it."),
        (
            "landing: {scaling: {target_cpu: 70}}",
            "services.landing.scaling.target_cpu: Cloud Run counts requests, and nothing else. Remove target_cpu.",
        ),
        ("landing: {resources: {cpu: '9'}}", f"services.landing.resources: {TOO_LARGE}"),
        ("landing: {resources: {memory: 33Gi}}", f"services.landing.resources: {TOO_LARGE}"),
    ],
)
def test_choices_that_do_not_fit(tmp_path: Path, services: str, message: str) -> None:
    assert problems_of_workloads in OF_WORKLOADS
    assert said(tmp_path, services) == [message]


@pytest.mark.parametrize(
    "services",
    [
        "dash: {runtime: gke, enabled: true, scaling: {min: 1, max: 2}}",
        "meshworker: {scaling: {min: 0, max: 2}}",
        "landing: {runtime: cloudrun, scaling: {min: 0, max: 2}, resources: {cpu: '3', memory: 20Gi}}",
        "dash: {env: {PORT: '80'}, resources: {cpu: 1500m}}",
        "tallyedits: {enabled: true, scaling: {min: 0, max: 1}}",
    ],
)
def test_choices_that_fit(tmp_path: Path, services: str) -> None:
    assert said(tmp_path, services) == []


def test_databases_keep_what_makes_their_roles(tmp_path: Path) -> None:
    [message] = said(tmp_path, "sql-roles: {enabled: false}")
    assert message.startswith("services.sql-roles.enabled: nobody gives 'annotationengine', ")
    assert message.endswith(" the roles with which they use databases. Remove enabled.")
    users = [name for name, one in CATALOG.upstream.items() if one.stores.relational]
    off = "\n".join(f"  {name}: {{enabled: false}}" for name in users)
    assert said(tmp_path, f"sql-roles: {{enabled: false}}\n{off}") == []


def test_there_is_no_cluster_without_cave(tmp_path: Path) -> None:
    expected = "services.clio.runtime: this deployment has no cluster, for its only kind is clio. Remove runtime."
    assert expected in said(tmp_path, "clio: {runtime: gke}", kinds="[clio]")
    assert said(tmp_path, "clio: {runtime: gke}", kinds="[clio, local]") == []


@pytest.mark.parametrize(
    ("services", "runs"),
    [
        ("{}", {"auth"}),
        ("{auth: {image: {source: upstream, version: v2.30.2}}}", {"auth", "sticky-auth"}),
        ("{auth: {enabled: false}}", {"sticky-auth"}),
    ],
)
def test_what_ours_answers_for_does_not_run_beside_it(tmp_path: Path, services: str, runs: set[str]) -> None:
    text = f"{BASE[GLOBAL]}images: {{fallback: upstream}}\nservices: {services}\n"
    write(tmp_path, {**BASE, GLOBAL: text})
    deployment = load_environments(tmp_path)["global"].deployment
    assert {each.name for each in workloads(deployment, CATALOG)} & {"auth", "sticky-auth", "auth-info"} == runs
