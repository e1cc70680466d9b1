"""The real providers accept every example: names, types and values of all attributes, up to a plan from nothing."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

from karst.config.addons import Keda
from tests.examples import ExampleStack
from tests.helm_repository import PublishedChart, serve
from tests.terraform import Workshop, open_workshop

pytestmark = [pytest.mark.needs_providers, pytest.mark.slow]


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory, examples: dict[str, ExampleStack]) -> Workshop:
    """The providers in the versions of the examples."""
    wanted: dict[str, Any] = {}
    for stack in examples.values():
        wanted |= stack.content["terraform"]["required_providers"]
    return open_workshop(tmp_path_factory.mktemp("plans"), tmp_path_factory.mktemp("plugins"), wanted)


@pytest.fixture(scope="session")
def charts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a repository with a chart of KEDA's name and version, for plans without a network."""
    with serve(tmp_path_factory.mktemp("charts"), PublishedChart(name="keda", version=Keda().version)) as url:
        yield url


def plan(workshop: Workshop, charts: str, stack: ExampleStack) -> dict[str, Any]:
    """Validate and plan one stack from empty state, with state in a local file."""
    folder = workshop.folder / stack.name
    # With the charts of ours that it refers to.
    shutil.copytree(stack.path.parent, folder)
    content = {key: value for key, value in stack.content.items() if key != "import"}
    content["terraform"] = {key: value for key, value in content["terraform"].items() if key != "backend"}
    text = json.dumps(content).replace(Keda().repository, charts)
    (folder / "cdk.tf.json").write_text(text, encoding="utf-8")
    workshop.lend_providers(folder)
    workshop.terraform(folder, "validate", "-no-color")
    workshop.terraform(folder, "plan", "-input=false", "-no-color", "-lock=false", "-out=plan")
    document: dict[str, Any] = json.loads(workshop.terraform(folder, "show", "-json", "plan"))
    return document


def test_every_example_plans_from_nothing(workshop: Workshop, charts: str, examples: dict[str, ExampleStack]) -> None:
    with ThreadPoolExecutor(max_workers=2) as pool:
        plans = dict(zip(examples, pool.map(partial(plan, workshop, charts), examples.values()), strict=True))
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
        workshop.lend_providers(folder)
        workshop.terraform(folder, "validate", "-no-color")
