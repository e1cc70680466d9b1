"""The network lets through exactly what services declare to call: nothing more, nothing less, in both directions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import main
from karst.config.service_runtime import Runtime
from karst.derived.workloads import Workload
from tests.derived.workers import deployment
from tests.examples import ENVIRONMENTS, ExampleStack
from tests.synthesis.running import UPSTREAM, apps, objects, workload

Edge = tuple[str, str]
NAME = "app.kubernetes.io/name"
NAMESPACE = "kubernetes.io/metadata.name"
SERVING = "kubernetes_network_policy_v1"


def running(name: str) -> dict[str, Workload]:
    """What an example runs in its clusters."""
    catalog = main.load_catalog()
    loaded = main.load_checked(ENVIRONMENTS, main.known_services(main.SERVICES, catalog))
    found = main.blueprint(loaded[name], catalog).workloads
    return {one.name: one for one in found if one.runtime is Runtime.GKE}


def declared(workloads: dict[str, Workload]) -> set[Edge]:
    return {(name, called) for name, one in workloads.items() for called in one.service.calls if called in workloads}


def peers(rules: list[dict[str, Any]], side: str) -> Iterator[tuple[str, str]]:
    """Services of the same generation in rules, with their namespaces."""
    for rule in rules:
        for peer in rule[side]:
            labels = peer.get("pod_selector", {}).get("match_labels", {})
            if NAME in labels:
                yield labels[NAME], peer["namespace_selector"]["match_labels"][NAMESPACE]


def graph(stack: ExampleStack, rules: str, side: str) -> set[Edge]:
    """Caller and called, as the rules of one direction say."""
    found: set[Edge] = set()
    home = {name: body["metadata"]["namespace"] for name, body in objects(stack, "service_account_v1").items()}
    for name, body in all_policies(stack):
        for other, namespace in peers(body["spec"].get(rules, []), side):
            assert home[other] == namespace
            found.add((name, other) if rules == "egress" else (other, name))
    return found


def all_policies(stack: ExampleStack) -> Iterator[tuple[str, dict[str, Any]]]:
    for body in stack.content["resource"][SERVING].values():
        selector = body["spec"]["pod_selector"].get("match_labels", {})
        if selector:
            yield selector[NAME], body


@pytest.mark.parametrize("example", ["global", "local"])
def test_the_network_is_the_declared_graph(example: str, examples: dict[str, ExampleStack]) -> None:
    wanted = declared(running(example))
    assert wanted or example == "global", "there, services ask each other by their public addresses alone"
    checked = 0
    for generation in yaml.safe_load(Path(ENVIRONMENTS / example / "deployment.yaml").read_text())["generations"]:
        stack = examples[f"{example}-apps-{generation}"]
        assert graph(stack, "egress", "to") == wanted
        assert graph(stack, "ingress", "from") == wanted
        checked += 1
    assert checked > 0


@pytest.mark.parametrize("example", ["global", "local"])
def test_balancers_reach_what_is_routed_and_nothing_else(example: str, examples: dict[str, ExampleStack]) -> None:
    routed = {name for name, one in running(example).items() if one.service.routes is not None}
    reached = {
        name
        for name, body in all_policies(examples[f"{example}-apps-blue"])
        for rule in body["spec"].get("ingress", [])
        if {"ip_block": {"cidr": "35.191.0.0/16"}} in rule["from"]
    }
    grouped = {
        name
        for name, body in objects(examples[f"{example}-apps-blue"], "service_v1").items()
        if "cloud.google.com/neg" in body["metadata"].get("annotations", {})
    }
    assert routed == reached == grouped


def test_databases_are_reached_by_who_declares_them(examples: dict[str, ExampleStack]) -> None:
    stores = {name: one.service.stores for name, one in running("local").items()}
    users = {name for name, store in stores.items() if store.relational}
    cached = {name for name, store in stores.items() if store.cache}
    found: dict[str, set[str]] = {}
    for name, body in all_policies(examples["local-apps-blue"]):
        for rule in body["spec"]["egress"]:
            if {"ip_block": {"cidr": "10.42.0.0/16"}} in rule["to"]:
                found[name] = {one["port"] for one in rule["ports"]}
    assert {name for name, ports in found.items() if "5432" in ports} == {*users, "sql-roles"}
    assert {name for name, ports in found.items() if ports & {"6378", "6379"}} == cached


def test_calls_cross_the_namespaces() -> None:
    ours = workload("info", calls=["auth"])
    theirs = workload("auth", **UPSTREAM)
    stack = apps(deployment(), [ours, theirs])
    assert graph(stack, "egress", "to") == graph(stack, "ingress", "from") == {("info", "auth")}
    assert {body["metadata"]["namespace"] for _, body in all_policies(stack)} == {"api-blue", "api-blue-upstream"}


def test_a_service_elsewhere_is_reached_by_its_public_host_only() -> None:
    stack = apps(deployment(), [workload("info", calls=["auth"])])
    assert graph(stack, "egress", "to") == set()
    (policy,) = [body for _, body in all_policies(stack)]
    assert any(one["port"] == "443" for rule in policy["spec"]["egress"] for one in rule["ports"])


def test_who_needs_nothing_reaches_nothing_but_names() -> None:
    still = workload("swaggerui", settings={}, **UPSTREAM)
    (policy,) = [body for _, body in all_policies(apps(deployment(), [still]))]
    assert [{one["port"] for one in rule["ports"]} for rule in policy["spec"]["egress"]] == [{"53"}]
