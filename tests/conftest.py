"""What tests of every kind share: how they ask for tools, and how hard property tests try."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from karst_platform.testing_programs import missing
from tests.examples import ExampleStack, shared_examples

ROOT = Path(__file__).parent.parent
_TOOLS_IN_THE_REPOSITORY = {
    "actionlint": ROOT / ".venv-workflows/bin/actionlint",
    "checkov": ROOT / ".venv-policy/bin/checkov",
    "caveclient": ROOT / ".venv-clients/bin/python",
    "clio-py": ROOT / ".venv-clients/bin/python",
    "emannotationschemas": ROOT / ".venv-oracles/bin/python",
    "middle-auth-client": ROOT / ".venv-oracles/bin/python",
    "cdktn": ROOT / "node_modules/.bin/cdktn",
    "zizmor": ROOT / ".venv-workflows/bin/zizmor",
}
_HOW_TO_GET = {
    "actionlint": "install Go and run `make workflows`",
    "caveclient": "run `make clients`",
    "checkov": "run `make policy`",
    "cdktn": "run `make setup`",
    "clio-py": "run `make clients`",
    "curl": "install it (Debian: curl)",
    "emannotationschemas": "run `make oracles`",
    "etcd": "install it (Debian: etcd-server)",
    "kube-apiserver": "build it from the source of Kubernetes 1.34 and put it on PATH",
    "middle-auth-client": "run `make oracles`",
    "node": "run the tests by `make test`",
    "zizmor": "run `make workflows`",
    "terraform": "install Terraform 1.11 or newer and put it on PATH",
}

settings.register_profile("karst", max_examples=int(os.environ.get("HYPOTHESIS_MAX_EXAMPLES", "100")), deadline=None)
settings.load_profile("karst")


def find_tool(name: str) -> Path:
    """Return the program's path; without it the test skips, or fails where `KARST_REQUIRE` lists the name."""
    known = _TOOLS_IN_THE_REPOSITORY.get(name)
    found = str(known) if known is not None and known.exists() else shutil.which(name)
    if found is None:
        missing(name, f"{name} is missing: {_HOW_TO_GET.get(name, 'install it and put it on PATH')}")
    return Path(found)


@pytest.fixture
def require() -> Callable[[str], Path]:
    """Ask for a program by name, as in `terraform = require("terraform")`."""
    return find_tool


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of a test run share."""
    own = tmp_path_factory.getbasetemp()
    # Workers of one run each have a folder of their own, all in the same one.
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def examples(run_folder: Path) -> dict[str, ExampleStack]:
    """Every stack of the example environments by name, synthesized once a test run."""
    return shared_examples(run_folder / "examples")


@pytest.fixture(autouse=True)
def _marked_tools(request: pytest.FixtureRequest) -> None:
    """Hold `needs_terraform` and `needs_checkov` to their word."""
    for tool in ("terraform", "checkov"):
        if request.node.get_closest_marker(f"needs_{tool}") is not None:
            find_tool(tool)
