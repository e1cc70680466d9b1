"""Deployments as wholes: which stacks there are, what waits for what, and what the states of a dataset mean."""

from __future__ import annotations

import json
import re
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.examples import ENVIRONMENTS, ExampleStack
from tests.synthesis.support import bodies, copy_environment, edit, synthesized

KINDS = ("global", "local", "clio")
SUBSETS = [kinds for size in (1, 2, 3) for kinds in combinations(KINDS, size)]
_REFERENCE = re.compile(r"\$\{(?:ephemeral\.)?([a-z0-9_]+)\.([a-z0-9_]+)")


def declared(environments: Path) -> dict[str, set[str]]:
    """Give the graph that the folders ask for, worked out without the application."""
    graph: dict[str, set[str]] = {}
    for folder in (one.parent for one in environments.glob("*/deployment.yaml")):
        foundation, run = f"{folder.name}-foundation", f"{folder.name}-run"
        data = [f"{folder.name}-data-{path.stem}" for path in folder.glob("datasets/*.yaml")]
        graph |= {foundation: set(), **{name: {foundation} for name in (run, *data)}}
        deployment = yaml.safe_load((folder / "deployment.yaml").read_text(encoding="utf-8"))
        generations = deployment.get("generations", {"blue": {}}) if set(deployment["kinds"]) != {"clio"} else {}
        clusters = [f"{folder.name}-cluster-{generation}" for generation in generations]
        addons = [f"{folder.name}-addons-{generation}" for generation in generations]
        apps = [f"{folder.name}-apps-{generation}" for generation in generations]
        for cluster, charts, app in zip(clusters, addons, apps, strict=True):
            graph |= {cluster: {foundation}, charts: {cluster}, app: {foundation, cluster, charts, *data}}
        graph[folder.name] = {foundation, run, *data, *clusters, *addons, *apps}
    return graph


def test_the_graph_is_the_declared_one(examples: dict[str, ExampleStack]) -> None:
    manifest = next(iter(examples.values())).path.parents[2] / "manifest.json"
    listed: dict[str, Any] = json.loads(manifest.read_text(encoding="utf-8"))["stacks"]
    assert {name: set(stack["dependencies"]) for name, stack in listed.items()} == declared(ENVIRONMENTS)


def test_no_stack_refers_to_another(examples: dict[str, ExampleStack]) -> None:
    checked = 0
    for stack in examples.values():
        own = {
            (kind, name)
            for block in ("resource", "ephemeral")
            for kind, named in stack.content.get(block, {}).items()
            for name in named
        }
        found = set(_REFERENCE.findall(stack.path.read_text(encoding="utf-8")))
        assert found <= own, f"{stack.name} refers to {sorted(found - own)}, which it does not declare"
        checked += len(found)
    assert checked > 0


@pytest.mark.parametrize("kinds", SUBSETS, ids="+".join)
def test_every_subset_of_kinds_synthesizes(tmp_path: Path, kinds: tuple[str, ...]) -> None:
    host = {"host": "global.example.org"} if kinds[0] != "global" else None
    folder = copy_environment(tmp_path, "demo", kinds=list(kinds))
    edit(folder / "deployment.yaml", **{"global": host})
    foreign = [*([] if "local" in kinds else ["graphs", "datastacks"]), *([] if "clio" in kinds else ["clio"])]
    if kinds == ("global",):
        (folder / "datasets/tiny.yaml").unlink()
    else:
        edit(folder / "datasets/tiny.yaml", **dict.fromkeys(foreign))
    stacks = synthesized(tmp_path)
    assert set(stacks) == set(declared(tmp_path))
    held = stacks["demo-foundation"].content["resource"]
    assert ("google_bigtable_instance" in held) == ("local" in kinds)
    assert ("google_sql_database_instance" in held) == bool({"global", "local"} & set(kinds))


@pytest.mark.parametrize(
    ("state", "on_removal", "policy"),
    [("active", "keep", "PREVENT"), ("retired", "keep", "ABANDON"), ("retired", "delete", "DELETE")],
)
def test_state_of_a_dataset_sets_its_protection(tmp_path: Path, state: str, on_removal: str, policy: str) -> None:
    edit(copy_environment(tmp_path, "demo") / "datasets/tiny.yaml", state=state, on_removal=on_removal)
    data = synthesized(tmp_path)["demo-data-tiny"]
    assert data.content["provider"]["google"][0]["deletion_policy"] == policy
    protections = {table["deletion_protection"] for table in bodies([data], "google_bigtable_table")}
    assert protections == {"UNPROTECTED" if policy == "DELETE" else "PROTECTED"}


def test_removed_dataset_keeps_an_empty_stack(tmp_path: Path) -> None:
    edit(copy_environment(tmp_path, "demo") / "datasets/tiny.yaml", state="removed")
    content = synthesized(tmp_path)["demo-data-tiny"].content
    assert "resource" not in content
    assert "google" in content["provider"]


@pytest.mark.slow
def test_many_datasets(tmp_path: Path) -> None:
    folder = copy_environment(tmp_path, "clio", imports=None)
    template = (folder / "datasets/cord.yaml").read_text(encoding="utf-8")
    for path in folder.glob("datasets/*.yaml"):
        path.unlink()
    for number in range(500):
        text = template.replace("name: cord", f"name: cord{number}").replace("key: CORD", f"key: CORD{number}")
        (folder / f"datasets/cord{number}.yaml").write_text(text.replace("cord_", f"cord{number}_"), encoding="utf-8")
    assert len(synthesized(tmp_path)) == 503
