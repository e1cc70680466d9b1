"""Runs checkov, in an environment of its own, over synthesized stacks."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.conftest import find_tool
from tests.examples import ExampleStack
from tests.policy.plant import Body

Place = tuple[str, str]
"""Stack and name of a resource."""
_POD = "kubernetes_pod_v1"


@dataclass(frozen=True, kw_only=True, order=True)
class Failure:
    """One objection of checkov's."""

    check: str
    stack: str
    name: str
    namespace: str
    """Of the cluster; empty where the resource is in none."""


@dataclass(frozen=True, kw_only=True)
class Scan:
    """What checkov said."""

    declared: Mapping[str, frozenset[Place]]
    """What it was given, by type."""
    failures: frozenset[Failure]
    seen: frozenset[Place]
    run: frozenset[str]
    """Checks that found something to look at."""
    crashed: frozenset[str]


def scan(stacks: Mapping[str, ExampleStack], folder: Path) -> Scan:
    """Write the stacks' resources below `folder` and have checkov look at them."""
    resources = {name: _readable(stack.content.get("resource", {})) for name, stack in stacks.items()}
    for name, declared in resources.items():
        (folder / name).mkdir()
        (folder / name / "cdk.tf.json").write_text(json.dumps({"resource": declared}))
    command = [str(find_tool("checkov")), "-d", str(folder), "--framework", "terraform_json", "-o", "json", "--compact"]
    done = subprocess.run([*command, "--skip-download"], capture_output=True, text=True, check=False)
    assert done.returncode in {0, 1}, done.stderr
    results: dict[str, list[dict[str, Any]]] = json.loads(done.stdout)["results"]
    assert results["parsing_errors"] == []
    homes = {(stack, name): home for stack, declared in resources.items() for name, home in _homes(declared)}
    judged = results["failed_checks"] + results["passed_checks"]
    return Scan(
        declared=_by_type(resources),
        failures=frozenset(_failure(item, homes) for item in results["failed_checks"]),
        seen=frozenset(_place(item) for item in judged),
        run=frozenset(item["check_id"] for item in judged),
        crashed=frozenset(re.findall(r"Failed to run check (\w+)", done.stderr)),
    )


def _readable(declared: Body) -> Body:
    # checkov's reader of JSON crashes on terraform.required_version (bridgecrewio/checkov#7454) and on ephemeral
    # values and their provider; every check of the baseline is about resources. It judges the pods of deployments
    # and single ones, not those that jobs make: they are shown to it as single ones.
    pods = {f"{name}__pod": body for name, body in _pods_of_jobs(declared)}
    return {**declared, _POD: pods} if pods else declared


def _pods_of_jobs(declared: Body) -> Iterator[tuple[str, Body]]:
    for kind in ("kubernetes_job_v1", "kubernetes_cron_job_v1"):
        for name, body in declared.get(kind, {}).items():
            spec = body["spec"]["job_template"]["spec"] if "job_template" in body["spec"] else body["spec"]
            yield name, {"metadata": body["metadata"], "spec": spec["template"]["spec"]}


def _homes(declared: Body) -> Iterator[tuple[str, str]]:
    for bodies in declared.values():
        for name, body in bodies.items():
            metadata = body.get("metadata")
            if isinstance(metadata, dict) and "namespace" in metadata:
                yield name, metadata["namespace"]


def _by_type(resources: Mapping[str, Body]) -> dict[str, frozenset[Place]]:
    found: dict[str, set[Place]] = {}
    for stack, declared in resources.items():
        for kind, bodies in declared.items():
            found.setdefault(kind, set()).update((stack, name) for name in bodies)
    return {kind: frozenset(places) for kind, places in found.items()}


def _failure(item: dict[str, Any], homes: Mapping[Place, str]) -> Failure:
    stack, name = _place(item)
    return Failure(check=item["check_id"], stack=stack, name=name, namespace=homes.get((stack, name), ""))


def _place(item: dict[str, Any]) -> Place:
    return item["file_path"].split("/")[1], item["resource"].rpartition(".")[2]
