"""A changed file reaches the stacks that are built from it, and no others."""

from __future__ import annotations

from pathlib import Path

import pytest

from karst.config.loader import load_environments
from karst.config.rules.services import UPSTREAM
from karst.config.service import load_services
from karst.derived.workloads import Catalog
from karst.plan.reach import Reach, reached

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def reach() -> Reach:
    ours = load_services(ROOT / "services_src")
    catalog = Catalog(ours=ours, tags=dict.fromkeys(ours, ""), upstream=load_services(UPSTREAM))
    loaded = load_environments(ROOT / "environments")
    return Reach(root=ROOT, environments=ROOT / "environments", loaded=loaded, catalog=catalog)


def of_demo(reach: Reach, file: str) -> set[str]:
    return {stack.removeprefix("demo") or "edge" for stack in reach.of(file) if stack.partition("-")[0] == "demo"}


EVERYWHERE = {"-foundation", "-data-tiny", "-cluster-blue", "-addons-blue", "-apps-blue", "-run", "edge"}
CASES = {
    "environments/demo/deployment.yaml": EVERYWHERE,
    "environments/demo/datasets/tiny.yaml": {"-data-tiny", "-foundation", "-run", "-apps-blue"},
    "environments/demo/approvals.yaml": set[str](),
    "environments/clio/deployment.yaml": set[str](),
    "environments/README.md": set[str](),
    "services_src/auth/src/karst_auth/main.py": {"-apps-blue"},
    "services_src/clio/src/karst_clio/main.py": {"-run"},
    "services_src/clio/tests/test_permissions.py": set[str](),
    "services_src/clio/README.md": set[str](),
    "services_src/platform/src/karst_platform/app.py": {"-apps-blue", "-run"},
    "services_src/Dockerfile": {"-apps-blue", "-run"},
    "services_src/auth/service.yaml": EVERYWHERE,
    "services_src/nobody/src/x.py": set[str](),
    "constructs/karst/gcp/bigtable.py": {"-foundation", "-data-tiny"},
    "constructs/karst/gcp/gke_cluster.py": {"-cluster-blue"},
    "constructs/karst/stack.py": EVERYWHERE,
    "constructs/karst/plan/guard.py": set[str](),
    "constructs/karst_cli/main.py": set[str](),
    "stacks/edge.py": {"edge"},
    "main.py": EVERYWHERE,
    "docs/README.md": set[str](),
    "../outside": set[str](),
}


@pytest.mark.parametrize("file", CASES)
def test_file(reach: Reach, file: str) -> None:
    assert of_demo(reach, file) == CASES[file]


def test_another_deployment_is_not_reached(reach: Reach) -> None:
    assert {stack.partition("-")[0] for stack in reach.of("environments/clio/datasets/brain.yaml")} == {"clio"}


def test_files_are_told_by_stack_configuration_first(reach: Reach) -> None:
    files = ("main.py", "environments/demo/datasets/tiny.yaml", "docs/x.md")
    found = reached(reach, files)
    assert [cause.file for cause in found.causes["demo-data-tiny"]] == [files[1], files[0]]
    assert found.idle == ("docs/x.md",)
    assert found.datasets["demo-data-tiny"] == "tiny"
