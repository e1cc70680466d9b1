"""A first deployment finds everything in its place: what is named by plain text stands before what names it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.examples import ExampleStack

_REFERENCE = re.compile(r"\$\{(?:[^}]*?\()?([a-z0-9_]+\.[a-z0-9_]+)")
_BY_NAME = {
    "google_storage_bucket": ("name", ("bucket", "log_bucket")),
    "google_pubsub_topic": ("name", ("topic", "dead_letter_topic")),
    "google_pubsub_subscription": ("name", ("subscription",)),
    "google_secret_manager_secret": ("secret_id", ("secret_id", "secret")),
    "google_service_account": ("account_id", ("member", "service_account")),
}
"""Type of what is made, the attribute that names it, and the attributes by which others name it."""

Resources = dict[str, dict[str, Any]]


def declared(stack: ExampleStack) -> Resources:
    return {
        f"{kind}.{name}": {key: value for key, value in body.items() if key != "//"}
        for kind, named in stack.content.get("resource", {}).items()
        for name, body in named.items()
    }


def waits_for(address: str, resources: Resources) -> set[str]:
    """Everything that is applied before a resource, near and far."""
    found: set[str] = set()
    pending = [address]
    while pending:
        body = resources[pending.pop()]
        direct = {*body.get("depends_on", []), *_REFERENCE.findall(str(body))} & resources.keys()
        pending += direct - found
        found |= direct
    return found


def texts(body: object, key: str = "") -> Iterator[tuple[str, str]]:
    """Every text in a resource with the attribute it stands under."""
    if isinstance(body, dict):
        for name, value in body.items():
            yield from texts(value, name)
    elif isinstance(body, list):
        for value in body:
            yield from texts(value, key)
    elif isinstance(body, str):
        yield key, body


def maker_of(key: str, text: str, resources: Resources) -> str | None:
    """The resource of this stack that `text` names by what it is called, not by a reference."""
    for address, body in resources.items():
        attribute, users = _BY_NAME.get(address.partition(".")[0], ("", ()))
        if key not in users or "${" in text:
            continue
        name = text.removeprefix("serviceAccount:").partition("@")[0] if key in {"member", "service_account"} else text
        if name.rpartition("/")[2] == body[attribute]:
            return address
    return None


@pytest.mark.parametrize("deployment", ["clio", "demo", "global", "local"])
def test_a_new_project_has_its_apis_before_anything_is_made_in_it(
    deployment: str, examples: dict[str, ExampleStack]
) -> None:
    resources = declared(examples[f"{deployment}-foundation"])
    ready = "terraform_data.project__ready"
    services = {address for address in resources if address.startswith("google_project_service.")}
    assert services
    assert waits_for(ready, resources) == services
    others = resources.keys() - services - {ready}
    assert sorted(one for one in others if ready not in waits_for(one, resources)) == []


def test_what_is_named_stands_first(examples: dict[str, ExampleStack]) -> None:
    kinds: set[str] = set()
    for stack in examples.values():
        resources = declared(stack)
        for address, body in resources.items():
            for key, text in texts(body):
                maker = maker_of(key, text, resources)
                if maker is not None and maker != address:
                    kinds.add(maker.partition(".")[0])
                    assert maker in waits_for(address, resources), f"{stack.name}: {address} does not wait for {maker}"
    assert kinds == set(_BY_NAME)


def test_services_start_after_the_document_they_mount(examples: dict[str, ExampleStack]) -> None:
    resources = declared(examples["demo-run"])
    service = next(one for one in resources if one.startswith("google_cloud_run_v2_service."))
    assert "google_storage_bucket_object.services__datasets" in waits_for(service, resources)


def test_addresses_are_reserved_before_they_are_served(examples: dict[str, ExampleStack]) -> None:
    resources = declared(examples["demo"])
    rules = [one for one in resources if one.startswith("google_compute_global_forwarding_rule.")]
    assert len(rules) == 4
    for rule in rules:
        assert any(one.startswith("google_compute_global_address.") for one in waits_for(rule, resources))
