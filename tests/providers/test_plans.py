"""The real providers accept every example: names, types and values of all attributes, up to a plan from nothing."""

from __future__ import annotations

import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import find_tool
from tests.examples import ExampleStack

pytestmark = [pytest.mark.needs_providers, pytest.mark.slow]
_INIT_LIMIT_S = 120
_PLAN_LIMIT_S = 300


class TerraformError(Exception):
    """Terraform refused; the message is what it said."""


@dataclass(frozen=True, kw_only=True)
class Workshop:
    """A folder to plan in, with providers fetched once."""

    folder: Path
    cache: Path

    def terraform(self, folder: Path, *arguments: str, limit_s: int = _PLAN_LIMIT_S) -> str:
        """Run Terraform in `folder`, without an account; it must succeed."""
        settings = {
            "TF_PLUGIN_CACHE_DIR": str(self.cache),
            "TF_IN_AUTOMATION": "1",
            "GOOGLE_OAUTH_ACCESS_TOKEN": "unused",
        }
        command = [str(find_tool("terraform")), *arguments]
        result = subprocess.run(
            command,
            cwd=folder,
            env=os.environ | settings,
            capture_output=True,
            text=True,
            timeout=limit_s,
            check=False,
        )
        if result.returncode != 0:
            raise TerraformError(f"{folder.name}: terraform {arguments[0]} failed\n{result.stdout}{result.stderr}")
        return result.stdout


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory, examples: dict[str, ExampleStack]) -> Workshop:
    """Fetch the providers once, in the versions of the examples; skip with the reason where they can't be had."""
    find_tool("terraform")
    folder = tmp_path_factory.mktemp("plans")
    found = Workshop(folder=folder, cache=tmp_path_factory.mktemp("plugins"))
    wanted: dict[str, Any] = {}
    for stack in examples.values():
        wanted |= stack.content["terraform"]["required_providers"]
    probe = folder / "probe"
    probe.mkdir()
    (probe / "probe.tf.json").write_text(json.dumps({"terraform": {"required_providers": wanted}}), encoding="utf-8")
    try:
        found.terraform(probe, "init", "-input=false", "-no-color", limit_s=_INIT_LIMIT_S)
    except (TerraformError, subprocess.TimeoutExpired) as error:
        said = next((line for line in str(error).splitlines() if "Error" in line), "no answer in time")
        names = ", ".join(sorted(wanted))
        reason = f"no registry or mirror (TF_CLI_CONFIG_FILE) gives {names}: {said.strip('│ ')}"
        if "terraform-providers" in os.environ.get("KARST_REQUIRE", "").replace(" ", "").split(","):
            pytest.fail(f"{reason} (KARST_REQUIRE lists terraform-providers)", pytrace=False)
        pytest.skip(reason)
    return found


def plan(workshop: Workshop, stack: ExampleStack) -> dict[str, Any]:
    """Init, validate and plan one stack from empty state, with state in a local file."""
    folder = workshop.folder / stack.name
    folder.mkdir()
    content = {key: value for key, value in stack.content.items() if key != "import"}
    content["terraform"] = {key: value for key, value in content["terraform"].items() if key != "backend"}
    (folder / "cdk.tf.json").write_text(json.dumps(content), encoding="utf-8")
    workshop.terraform(folder, "init", "-input=false", "-no-color")
    workshop.terraform(folder, "validate", "-no-color")
    workshop.terraform(folder, "plan", "-input=false", "-no-color", "-lock=false", "-out=plan")
    document: dict[str, Any] = json.loads(workshop.terraform(folder, "show", "-json", "plan"))
    return document


def test_every_example_plans_from_nothing(workshop: Workshop, examples: dict[str, ExampleStack]) -> None:
    with ThreadPoolExecutor(max_workers=2) as pool:
        plans = dict(zip(examples, pool.map(partial(plan, workshop), examples.values()), strict=True))
    for name, document in plans.items():
        changes = document.get("resource_changes", [])
        actions = {tuple(change["change"]["actions"]) for change in changes}
        planned = {change["address"] for change in changes}
        declared = {
            f"{kind}.{name}" for kind, named in examples[name].content.get("resource", {}).items() for name in named
        }
        print(f"{name}: {len(planned)} resources planned")
        assert actions <= {("create",)}, f"{name}: {actions}"
        assert planned == declared, name


def test_imports_are_valid(workshop: Workshop, examples: dict[str, ExampleStack]) -> None:
    importing = [stack for stack in examples.values() if "import" in stack.content]
    assert importing, "no example imports anything"
    for stack in importing:
        folder = workshop.folder / f"{stack.name}-imports"
        folder.mkdir()
        terraform = {key: value for key, value in stack.content["terraform"].items() if key != "backend"}
        (folder / "cdk.tf.json").write_text(json.dumps(stack.content | {"terraform": terraform}), encoding="utf-8")
        workshop.terraform(folder, "init", "-input=false", "-no-color")
        workshop.terraform(folder, "validate", "-no-color")
