"""Stacks that need nothing to be planned, and what stays off until somebody asks for it."""

from __future__ import annotations

import pytest

from karst.config.service_runtime import ImageOrigin
from main import load_catalog
from tests.examples import ExampleStack

Stacks = dict[str, ExampleStack]
EPHEMERAL = {"google_client_config", "random_password"}
"""Neither asks the cloud about what it holds: who deploys, and chance."""
UNDECIDED = {"count", "for_each", "dynamic"}
"""How many there are would be known only after something else exists."""


def unplannable(stack: ExampleStack) -> set[str]:
    """What a stack needs that may not exist when it is planned."""
    text = str(stack.content)
    found = {section for section in ("data", "module", "check") if section in stack.content}
    found |= {word for word in ("terraform_remote_state", "${data.", "tfe_outputs") if word in text}
    found |= stack.content.get("ephemeral", {}).keys() - EPHEMERAL
    found |= {"kubernetes_manifest"} & stack.content.get("resource", {}).keys()
    resources = [body for bodies in stack.content.get("resource", {}).values() for body in bodies.values()]
    return found | {key for body in resources for key in body if key in UNDECIDED}


def test_every_stack_can_be_planned_before_anything_exists(every_stack: Stacks) -> None:
    assert {name: found for name, stack in every_stack.items() if (found := unplannable(stack))} == {}


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ({"data": {"google_project": {}}}, "data"),
        ({"resource": {"google_x": {"a": {"name": "${data.google_y.z.name}"}}}}, "${data."),
        ({"locals": {"a": "${terraform_remote_state.b}"}}, "terraform_remote_state"),
        ({"ephemeral": {"google_secret_manager_secret_version": {}}}, "google_secret_manager_secret_version"),
        ({"resource": {"kubernetes_manifest": {"a": {}}}}, "kubernetes_manifest"),
        ({"resource": {"google_x": {"a": {"for_each": "${google_y.z.names}"}}}}, "for_each"),
    ],
)
def test_what_can_not_be_planned_is_found(content: dict[str, object], found: str, every_stack: Stacks) -> None:
    path = next(iter(every_stack.values())).path
    assert found in unplannable(ExampleStack(name="planted", path=path, content=content))


def test_stacks_that_use_every_kind_of_resource_are_looked_at(every_stack: Stacks) -> None:
    kinds = {kind for stack in every_stack.values() for kind in stack.content.get("resource", {})}
    assert {"google_container_cluster", "kubernetes_cron_job_v1", "kubernetes_job_v1", "helm_release"} <= kinds
    assert len(every_stack) > 30


def test_pages_without_a_password_are_off_until_somebody_asks_for_them() -> None:
    """Flower shows and stops tasks of everybody who reaches it."""
    assert load_catalog().upstream["flower"].image.source is ImageOrigin.UPSTREAM
    assert not load_catalog().upstream["flower"].is_enabled


def test_flower_runs_in_no_example(examples: Stacks) -> None:
    running = {
        body["metadata"]["name"]
        for stack in examples.values()
        for body in stack.content.get("resource", {}).get("kubernetes_deployment_v1", {}).values()
    }
    assert "materialize" in running
    assert "flower" not in running
