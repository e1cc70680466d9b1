"""Generations of the cluster: what each state means, and that pods, pools and ports are those that were declared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.examples import ENVIRONMENTS, ExampleStack
from tests.synthesis.support import copy_environment, synthesized

CLUSTER = "google_container_cluster"
POOL = "google_container_node_pool"
BINDING = "google_service_account_iam_member"
ACCOUNT_OF = "iam.gke.io/gcp-service-account"
Examples = dict[str, ExampleStack]


def resources(stack: ExampleStack, kind: str) -> dict[str, Any]:
    found: dict[str, Any] = stack.content.get("resource", {}).get(kind, {})
    return found


def cluster_of(stack: ExampleStack) -> dict[str, Any]:
    (found,) = resources(stack, CLUSTER).values()
    return found


def trial(folder: Path, **changes: object) -> Examples:
    """Synthesize a deployment of the global services, with a few values changed."""
    copy_environment(folder, "global", "trial", imports=None, **{"edge": None, **changes})
    return synthesized(folder)


@pytest.mark.parametrize("state", ["standby", "draining", "retired", "removed"])
def test_a_generation_is_protected_until_it_is_retired_and_empty_once_it_is_removed(tmp_path: Path, state: str) -> None:
    stacks = trial(tmp_path, generations={"blue": {"state": state}, "green": {"state": "active"}})
    blue, green = stacks["trial-cluster-blue"], stacks["trial-cluster-green"]
    assert cluster_of(green)["deletion_protection"] is True
    assert green.content["provider"]["google"][0]["deletion_policy"] == "PREVENT"
    is_over = state in ("retired", "removed")
    assert blue.content["provider"]["google"][0]["deletion_policy"] == ("DELETE" if is_over else "PREVENT")
    if state == "removed":
        assert "resource" not in blue.content
    else:
        assert cluster_of(blue)["deletion_protection"] is not is_over


@pytest.mark.parametrize(
    ("tier", "chosen", "location"),
    [("prod", None, "us-east4"), ("dev", None, "us-east4-a"), ("prod", False, "us-east4-a"), ("dev", True, "us-east4")],
)
def test_the_control_plane_is_spread_in_production(
    tmp_path: Path, tier: str, chosen: bool | None, location: str
) -> None:
    gcp = yaml.safe_load((ENVIRONMENTS / "global" / "deployment.yaml").read_text(encoding="utf-8"))["gcp"]
    gcp["cluster"] = {} if chosen is None else {"regional": chosen}
    stack = trial(tmp_path, tier=tier, gcp=gcp, generations=None)["trial-cluster-blue"]
    assert cluster_of(stack)["location"] == location
    assert {pool["location"] for pool in resources(stack, POOL).values()} == {location}
    for pool in resources(stack, POOL).values():
        assert pool["node_locations"] == ["us-east4-a", "us-east4-b"]


@pytest.mark.parametrize("name", ["demo", "global", "local"])
def test_pools_are_those_of_the_configuration(name: str, examples: Examples) -> None:
    deployment = yaml.safe_load((ENVIRONMENTS / name / "deployment.yaml").read_text(encoding="utf-8"))
    declared = {
        key: (pool["machine_type"], pool["min_nodes"], pool["max_nodes"], pool.get("spot", False))
        for key, pool in deployment["gcp"]["pools"].items()
    }
    made = {
        pool["name"]: (
            pool["node_config"]["machine_type"],
            pool["autoscaling"]["min_node_count"],
            pool["autoscaling"]["max_node_count"],
            pool["node_config"]["spot"],
        )
        for pool in resources(examples[f"{name}-cluster-blue"], POOL).values()
    }
    assert made == declared
    open_to_all = {
        pool["name"]
        for pool in resources(examples[f"{name}-cluster-blue"], POOL).values()
        if "taint" not in pool["node_config"]
    }
    assert open_to_all == {"core"}


def test_every_pod_that_says_who_it_is_may_say_so(examples: Examples) -> None:
    checked = 0
    for name, stack in examples.items():
        if "-cluster-" not in name:
            continue
        bound = {
            (body["member"].partition("[")[2].rstrip("]"), body["service_account_id"].rpartition("/")[2])
            for body in resources(stack, BINDING).values()
        }
        accounts = resources(examples[name.replace("-cluster-", "-apps-")], "kubernetes_service_account_v1").values()
        claimed = {
            (f"{body['metadata']['namespace']}/{body['metadata']['name']}", body["metadata"]["annotations"][ACCOUNT_OF])
            for body in accounts
            if ACCOUNT_OF in body["metadata"].get("annotations", {})
        }
        assert claimed <= bound, f"{name}: nobody lets these act: {sorted(claimed - bound)}"
        helpers = {member.partition("/")[2] for member, _ in bound - claimed}
        assert helpers <= {"keda-operator", "sql-roles"}
        checked += len(claimed)
    assert checked > 20


def test_identities_wait_for_the_cluster_that_makes_their_pool(examples: Examples) -> None:
    for body in resources(examples["local-cluster-blue"], BINDING).values():
        assert body["depends_on"] == [f"{CLUSTER}.cluster__gke__cluster"]
        assert body["role"] == "roles/iam.workloadIdentityUser"


def test_the_load_balancer_reaches_what_pods_of_routed_services_listen_on(examples: Examples) -> None:
    (rule,) = [
        body
        for name, body in resources(examples["local-cluster-blue"], "google_compute_firewall").items()
        if "load_balancer" in name
    ]
    listening = {
        str(port["container_port"])
        for body in resources(examples["local-apps-blue"], "kubernetes_deployment_v1").values()
        for container in body["spec"]["template"]["spec"]["container"]
        for port in container.get("port", [])
    }
    assert set(rule["allow"][0]["ports"]) <= listening
    assert {"80", "8080"} <= set(rule["allow"][0]["ports"])
    assert rule["target_service_accounts"] == ["local-nodes@cortex-lab-cave.iam.gserviceaccount.com"]
